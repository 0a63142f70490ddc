import { randomUUID } from 'node:crypto'
import { lookupRetried } from '../domain/session-lookup.js'
import { sessionStream } from '../domain/session.js'
import type { EventStore } from '../event-store/port.js'
import { loadLookup } from './look-up-session.js'

/** The session service was never asked for a session of this id. */
export class UnknownSession extends Error {
  readonly code = 'unknown-session'
}

/** The session is not unresolved: it was found, or is being asked for already. */
export class NotUnresolved extends Error {
  readonly code = 'not-unresolved'
}

/** What came of the wish to look a session up again. */
export interface RetriedSession {
  readonly sessionId: string
  /** Wait for it to see the session's money pending again. */
  readonly position: number
}

/**
 * Has the session service asked again for a session that it did not know, or failed to tell: an operator's decision, and
 * so a fact. The answer comes later.
 *
 * @throws {UnknownSession}
 * @throws {NotUnresolved}
 * @throws {RevisionConflict} somebody else does the same at this moment
 */
export async function retrySession(eventStore: EventStore, sessionId: string): Promise<RetriedSession> {
  const { state, revision } = await loadLookup(eventStore, sessionId)
  if (state.lookups === 0) throw new UnknownSession(`session ${sessionId} was never looked up`)
  if (state.status !== 'failed') {
    const why = state.status === 'found' ? 'has been found' : 'is being looked up'
    throw new NotUnresolved(`session ${sessionId} ${why}`)
  }
  const event = lookupRetried(sessionId, state, { correlationId: randomUUID() })
  const { position } = await eventStore.append([event], [{ stream: sessionStream(sessionId), revision }])
  return { sessionId, position }
}
