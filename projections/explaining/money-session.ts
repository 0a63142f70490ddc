import type { SessionFacts, SessionStatus } from '../../domain/enriched-money.js'
import type { RecordedEvent } from '../../domain/event.js'
import type { SessionLookedUp, SessionLookupEvent } from '../../domain/session-lookup.js'
import { firstCreation, sessionStream, type Creation, type SessionCreated } from '../../domain/session.js'
import { formatTimestamp, parseTimestamp } from '../../domain/timestamp.js'
import type { Money } from '../../domain/money.js'
import type { Evidence } from './explainer.js'
import { shownInstant } from './explanation.js'
import { eventsOf } from '../past/stream-reading.js'

/** What the log says of a session. */
export interface SessionFound {
  readonly facts: SessionFacts
  /** The events that decide what is known of the session for some money: also one that exists and does not count. */
  readonly deciding: (money: Money, status: SessionStatus, timeToLive: number) => readonly DecidingEvent[]
}

export interface DecidingEvent {
  readonly event: RecordedEvent
  /** When it happened: ISO 8601, UTC. */
  readonly at: string
  readonly code: string
  readonly detail: string
}

/** @param sessionId undefined: the money names none */
export async function sessionOf(
  sessionId: string | undefined,
  log: Evidence,
): Promise<SessionFound | undefined> {
  if (sessionId === undefined) return undefined
  let creation: { readonly created: Creation; readonly event: RecordedEvent<SessionCreated> } | undefined
  let lookup: RecordedEvent<SessionLookupEvent> | undefined
  for await (const event of eventsOf(sessionStream(sessionId), log)) {
    if (event.type === 'SessionCreated') creation = firstOf(creation, event as RecordedEvent<SessionCreated>)
    else if (event.type.startsWith('SessionLook')) lookup = event as RecordedEvent<SessionLookupEvent>
  }
  const created = creation?.created ?? null
  return {
    facts: { created, lookup: answerOf(lookup) },
    deciding: (money, status, timeToLive) => [
      ...(creation ? [creates(creation.event, money, timeToLive)] : []),
      ...(lookup && status !== 'known' ? [answers(lookup)] : []),
    ],
  }
}

function firstOf(
  known: { readonly created: Creation; readonly event: RecordedEvent<SessionCreated> } | undefined,
  event: RecordedEvent<SessionCreated>,
) {
  const { processedAt, clientCountryCode } = event.data
  const other = { processedAt: parseTimestamp(processedAt), clientCountryCode }
  const created = firstCreation(known?.created ?? null, other)
  return known && created === known.created ? known : { created, event }
}

/** What the last lookup came to; null while there was none, or while it is to be done again. */
function answerOf(lookup: RecordedEvent<SessionLookupEvent> | undefined): SessionFacts['lookup'] {
  if (!lookup || lookup.type === 'SessionLookupRetried') return null
  if (lookup.type === 'SessionLookupFailed') return {}
  return { clientCountryCode: (lookup.data as SessionLookedUp['data']).clientCountryCode }
}

/** What a creation means for some money, with the reckoning of its end. */
function creates(event: RecordedEvent<SessionCreated>, money: Money, timeToLive: number): DecidingEvent {
  const { processedAt: at, clientCountryCode } = event.data
  const began = `The session began in ${clientCountryCode} at ${at}`
  if (money.isOldMoneyEvent) {
    const detail = `${began}, but old money is not matched with the log: the session service is asked.`
    return { event, at, code: 'session-of-old-money', detail }
  }
  const end = parseTimestamp(at) + timeToLive
  const expires = `${began} and counts for ${timeToLive / 1000} s, until ${shownInstant(end) ?? 'the end of time'}`
  return parseTimestamp(money.processedAt) < end
    ? { event, at, code: 'session-known', detail: `${expires}: the money was moved before that.` }
    : { event, at, code: 'session-expired', detail: `${expires}: the money was not moved before that.` }
}

const codes = {
  SessionLookedUp: ['session-looked-up', 'The session service knows the session.'],
  SessionLookupFailed: ['session-lookup-failed', 'The session service had no answer.'],
  SessionLookupRetried: ['session-lookup-retried', 'The session service is to be asked again.'],
} as const

function answers(event: RecordedEvent<SessionLookupEvent>): DecidingEvent {
  const [code, detail] = codes[event.type]
  return { event, at: formatTimestamp(event.recordedTime), code, detail }
}
