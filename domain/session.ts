import { compareBytewise } from './bytewise.js'
import type { Event, Metadata, NewEvent } from './event.js'
import { uuidV5Namespace } from './uuid.js'

/** What all facts about sessions have in common. */
export interface OfSession {
  readonly sessionId: string
  readonly userId?: string
  /** ISO 8601, UTC. */
  readonly processedAt: string
}
export type SessionCreated = Event<'SessionCreated', OfSession & { readonly clientCountryCode: string }>
export type SessionClosed = Event<'SessionClosed', OfSession>
/** The facts about sessions that sources bring. They stand in the streams `session-<sessionId>`. */
export type SessionEvent = SessionCreated | SessionClosed

/** The beginning of a session as money sees it. */
export interface Creation {
  /** Epoch milliseconds. */
  readonly processedAt: number
  readonly clientCountryCode: string
}

/** The fact for the log. As with users, what is said is the only identity: a repetition is recognised. */
export function sessionChanged({ type, data }: SessionEvent, metadata: Metadata): NewEvent<SessionEvent> {
  const id = changeId(JSON.stringify([type, data]))
  return { id, stream: sessionStream(data.sessionId), type, data, metadata }
}

export function sessionStream(sessionId: string): string {
  return `session-${sessionId}`
}

/** Of several creations of one session, the one that counts: the least time, then the least country code. */
export function firstCreation(known: Creation | null, other: Creation): Creation {
  if (!known || other.processedAt < known.processedAt) return other
  if (other.processedAt > known.processedAt) return known
  return compareBytewise(other.clientCountryCode, known.clientCountryCode) < 0 ? other : known
}

const changeId = uuidV5Namespace('e2c6a5f1-6a0e-4c0e-9b77-5d1c2b8f3a90')
