import type { EnrichedMoney, MoneyEnriched } from '../../domain/enriched-money.js'
import type { NewEvent, RecordedEvent } from '../../domain/event.js'
import { parseWalletEvent } from '../../domain/money-input.js'
import { moneyRecorded } from '../../domain/money.js'
import { parseSessionEvent } from '../../domain/session-input.js'
import { lookupAnswered, lookupRetried, type LookupFailure } from '../../domain/session-lookup.js'
import { sessionRulesStream } from '../../domain/session-rules.js'
import { sessionChanged } from '../../domain/session.js'
import { parseUserEvent } from '../../domain/user-info-input.js'
import { userChanged } from '../../domain/user-info.js'
import { uuidV5Namespace } from '../../domain/uuid.js'
import { moneyEnriched } from '../../projections/money/money-enriched.js'
import { moneyPages, type MoneyPage } from '../../projections/money/pages.js'
import type { ReadModel } from '../../read-store/port.js'
import { textsOf, wholeLog, type Tidemark } from './tidemark.js'

/** Money of a test; what it does not say is the same for all. */
export interface Moved {
  readonly id: string
  readonly at?: string
  readonly user?: string
  readonly session?: string
  readonly type?: string
  readonly old?: boolean
  readonly amount?: string
}

export const noon = '2020-01-01T12:00:00Z'

/** A record of the wallet as it is sent. */
export function walletEvent({
  id,
  at = noon,
  user = 'u',
  session,
  type = 'REAL',
  old = false,
  amount = '1.00',
}: Moved) {
  return {
    type: 'PaymentEvent',
    id,
    userId: user,
    ...(session !== undefined && { userSessionId: session }),
    processedAt: at,
    amount,
    currency: 'EUR',
    openingBalance: '10.00',
    closingBalance: '9.00',
    moneyType: type,
    isOldMoneyEvent: old,
    paymentRelatedThing: 'card',
  }
}

export function moved(money: Moved): NewEvent {
  return moneyRecorded(parseWalletEvent(walletEvent(money))!, {})
}

export function addressEvent(country: string, at: string, user = 'u', id = 'change') {
  return { type: 'ChangeAddressEvent', id, userId: user, processedAt: at, residentCountryCode: country }
}

export function movedTo(country: string, at: string, user?: string, id?: string): NewEvent {
  return userChanged(parseUserEvent(addressEvent(country, at, user, id))!, {})
}

export function birthEvent(birthYear: number, at: string, user = 'u', id = 'change') {
  return { type: 'ChangeBirthDateEvent', id, userId: user, processedAt: at, birthYear }
}

export function born(birthYear: number, at: string, user?: string, id?: string): NewEvent {
  return userChanged(parseUserEvent(birthEvent(birthYear, at, user, id))!, {})
}

export function createdEvent(id: string, clientCountryCode: string, at: string, userId = 'u') {
  return { type: 'UserSessionCreatedEvent', id, userId, processedAt: at, clientCountryCode }
}

export function began(id: string, country: string, at = noon, user?: string): NewEvent {
  return sessionChanged(parseSessionEvent(createdEvent(id, country, at, user))!, {})
}

export function ended(id: string, at: string): NewEvent {
  const record = { type: 'UserSessionClosedEvent', id, userId: 'u', processedAt: at }
  return sessionChanged(parseSessionEvent(record)!, {})
}

/** The session service was asked for the first time, or for the `lookup`th. */
export function lookedUp(session: string, clientCountryCode: string, lookup = 1): NewEvent {
  const state = { lookups: lookup - 1, status: 'open' } as const
  return lookupAnswered(session, state, { type: 'found', clientCountryCode }, {})
}

export function lookupFailed(
  session: string,
  reason: LookupFailure = 'service-failed',
  lookup = 1,
): NewEvent {
  const state = { lookups: lookup - 1, status: 'open' } as const
  return lookupAnswered(session, state, { type: 'failed', reason, detail: 'as the test wants' }, {})
}

export function askedAgain(session: string, lookups = 1): NewEvent {
  return lookupRetried(session, { lookups, status: 'failed' }, {})
}

let settings = 0
const settingId = uuidV5Namespace('60d3a0a2-1c1d-4b5e-9f5a-6a4d5b7a3e90')

export function sessionRules(timeToLive: number, wait: number): NewEvent {
  const data = { timeToLive, wait }
  return {
    id: settingId(String(settings++)),
    stream: sessionRulesStream,
    type: 'SessionRulesSet',
    data,
    metadata: {},
  }
}

/** The enriched documents by user and id, `u/m1`. */
export async function enrichedIn(build: Pick<ReadModel, 'page'>): Promise<Record<string, EnrichedMoney>> {
  const texts = Object.values(await textsOf(build, moneyPages))
  const documents = texts.flatMap((text) => (JSON.parse(text) as MoneyPage).money)
  return Object.fromEntries(
    documents.map((document) => [`${document.money.userId}/${document.money.id}`, document]),
  )
}

/** In short: `m1 known PL, 1984 in DE, first, r1`. */
export function inShort({
  money,
  userInfo,
  sessionInfo,
  firstOccurrence,
  enrichment,
}: EnrichedMoney): string {
  const session = [enrichment.session, sessionInfo?.clientCountryCode].filter(Boolean).join(' ')
  const user = userInfo && `${userInfo.birthYear ?? '?'} in ${userInfo.residentCountryCode ?? '?'}`
  const revision = `r${enrichment.revision}`
  return `${money.id} ${[session, user, firstOccurrence && 'first', revision].filter(Boolean).join(', ')}`
}

/** What a projection of money says and said, for tests. */
export function moneyIn(tidemark: Tidemark) {
  return {
    fold: () => tidemark.fold(moneyEnriched),
    /** The documents in short, by id. */
    money: async () => {
      const documents = await enrichedIn(await tidemark.live(moneyEnriched.name))
      return Object.values(documents).map(inShort).sort()
    },
    /** What was published, in short, in the order of the log. */
    published: async () => {
      const events = (await wholeLog(tidemark.eventStore, [
        'enriched',
      ])) as unknown as RecordedEvent<MoneyEnriched>[]
      return events.map(({ data }) => inShort(data))
    },
    differences: () => tidemark.differences(moneyEnriched),
  }
}
