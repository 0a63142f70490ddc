import { randomUUID } from 'node:crypto'
import { evolveLookup, lookupAnswered, neverLookedUp, type LookupState } from '../domain/session-lookup.js'
import { sessionStream } from '../domain/session.js'
import { RevisionConflict } from '../event-store/errors.js'
import type { EventStore, ExpectedRevision } from '../event-store/port.js'
import { forwards } from './forwards.js'
import type { SessionService } from './session-service.js'

const eventsAPage = 100

/** Where the lookups of a session stand, and the revision at which its stream says so. */
export interface LoadedLookup {
  readonly state: LookupState
  readonly revision: ExpectedRevision
}

/** Reads the stream of a session. It has few events, of which the lookups are the last. */
export async function loadLookup(eventStore: EventStore, sessionId: string): Promise<LoadedLookup> {
  const stream = sessionStream(sessionId)
  let state = neverLookedUp
  let revision: ExpectedRevision = 'none'
  for await (const event of forwards(eventStore, stream, eventsAPage)) {
    state = evolveLookup(state, event)
    revision = event.revision
  }
  return { state, revision }
}

/** What came of a lookup. */
export interface LookedUpSession {
  /** Wait for it to read what came of it. */
  readonly position: number
  /** The session service was there: it said where the client is, or that there is no such session. */
  readonly answered: boolean
}

/**
 * Asks the session service for a session, unless the log has the answer, and records what it says: once, also where
 * several processes ask at the same time. The answer of the one that is first is the answer.
 *
 * @throws {Error} `signal` has aborted: nothing is recorded
 */
export async function lookUpSession(
  { eventStore, service }: { readonly eventStore: EventStore; readonly service: SessionService },
  sessionId: string,
  signal: AbortSignal,
): Promise<LookedUpSession> {
  let { state, revision } = await loadLookup(eventStore, sessionId)
  if (state.status !== 'open') return { position: await eventStore.head(), answered: false }
  const { lookups } = state
  const answer = await service.ask(sessionId, signal)
  const answered = answer.type === 'found' || answer.reason === 'unknown-session'
  const metadata = { correlationId: randomUUID() }
  for (;;) {
    const stream = sessionStream(sessionId)
    try {
      const events = [lookupAnswered(sessionId, state, answer, metadata)]
      const { position } = await eventStore.append(events, [{ stream, revision }])
      return { position, answered }
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error
      ;({ state, revision } = await loadLookup(eventStore, sessionId))
      if (state.status !== 'open' || state.lookups !== lookups) {
        return { position: await eventStore.head(), answered }
      }
    }
  }
}
