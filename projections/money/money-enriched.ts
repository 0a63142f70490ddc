import type { RecordedEvent } from '../../domain/event.js'
import type { MoneyClockAdvanced } from '../../domain/money-clock.js'
import type { MoneyEvent } from '../../domain/money.js'
import type {
  SessionLookedUp,
  SessionLookupFailed,
  SessionLookupRetried,
} from '../../domain/session-lookup.js'
import type { SessionRulesSet } from '../../domain/session-rules.js'
import type { SessionClosed, SessionCreated } from '../../domain/session.js'
import { parseTimestamp } from '../../domain/timestamp.js'
import type { AddressChanged, BirthDateChanged } from '../../domain/user-info.js'
import { waitingChanges, waitingChangesId } from './waiting-changes.js'
import { changing } from './carry-out.js'
import { moneyClockId, moneyClockOf, moneyUserOf, tickMoneyClock, type MoneyClock } from './documents.js'
import { continuedPage, moneyPages, moneyPlaces } from './pages.js'
import { recordMoney } from './recording.js'
import {
  createSession,
  lookUpAgain,
  sessionNeeds,
  sessionPages,
  takeAnswer,
  takeFailure,
} from './sessions.js'
import { changeUser } from './users.js'
import type { Projection } from '../projection.js'

/**
 * Money with what is known of its user and its session, whatever order the three topics arrive in, published whenever it
 * changes; and the sessions that the session service is to be asked for (docs/semantics.md, Money enrichment).
 */
export const moneyEnriched: Projection = {
  name: 'money-enriched',
  version: 1,
  categories: ['money', 'user', 'session', 'setting', 'clock', 'enriched'],
  derives: ['MoneyEnriched'],
  collections: {
    [moneyPages]: {},
    [moneyPlaces]: {},
    users: {},
    sessions: {},
    [sessionNeeds]: { indexes: { needed: ['neededSince'], unresolved: ['unresolvedAt'] } },
    [sessionPages]: {},
    clocks: {},
    [waitingChanges]: {},
  },
  watches: [
    ['clocks', moneyClockId],
    [waitingChanges, waitingChangesId],
  ],
  touch: ({ type, data }, want, documents) => {
    const { userId, userSessionId, sessionId } = data as Touched
    // Events of sessions may name a user as well, on whom nothing depends.
    if (sessionId !== undefined) return want('sessions', sessionId)
    if (userId === undefined) return
    want('users', userId)
    if (userSessionId !== undefined) want('sessions', userSessionId)
    if (type !== 'PaymentRecorded' && type !== 'TransactionRecorded') return
    if (!documents.has('users', userId)) return
    const page = continuedPage(moneyUserOf(documents, userId), (data as MoneyEvent['data']).processedAt)
    if (page) want(moneyPages, page.id)
  },
  handlers: {
    PaymentRecorded: (event, documents) => recordMoney(event as RecordedEvent<MoneyEvent>, documents),
    TransactionRecorded: (event, documents) => recordMoney(event as RecordedEvent<MoneyEvent>, documents),
    AddressChanged: (event, documents) => {
      const { residentCountryCode } = (event as RecordedEvent<AddressChanged>).data
      changeUser(event, documents, { field: 'residentCountryCode', value: residentCountryCode })
    },
    BirthDateChanged: (event, documents) => {
      const { birthYear } = (event as RecordedEvent<BirthDateChanged>).data
      changeUser(event, documents, { field: 'birthYear', value: birthYear })
    },
    SessionCreated: (event, documents) => {
      const created = event as RecordedEvent<SessionCreated>
      createSession(created, documents)
      tickMoneyClock(moneyClockOf(documents), documents, parseTimestamp(created.data.processedAt))
    },
    SessionClosed: ({ data }, documents) => {
      const closed = parseTimestamp((data as SessionClosed['data']).processedAt)
      tickMoneyClock(moneyClockOf(documents), documents, closed)
    },
    MoneyClockAdvanced: ({ data }, documents) => {
      const now = parseTimestamp((data as MoneyClockAdvanced['data']).to)
      tickMoneyClock(moneyClockOf(documents), documents, now)
    },
    SessionLookedUp: (event, documents) => takeAnswer(event as RecordedEvent<SessionLookedUp>, documents),
    SessionLookupFailed: (event, documents) =>
      takeFailure(event as RecordedEvent<SessionLookupFailed>, documents),
    SessionLookupRetried: (event, documents) =>
      lookUpAgain(event, (event.data as SessionLookupRetried['data']).sessionId, documents),
    SessionRulesSet: ({ data, position }, documents) => {
      const clock = moneyClockOf(documents)
      const { timeToLive, wait } = data as SessionRulesSet['data']
      const rules = [...clock.rules, { after: position, timeToLive, wait }]
      documents.put('clocks', moneyClockId, { ...clock, rules } satisfies MoneyClock)
    },
  },
  debt: changing,
}

/** Whatever an event of ours is about. */
interface Touched {
  readonly userId?: string
  readonly userSessionId?: string
  readonly sessionId?: string
}
