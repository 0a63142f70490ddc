import { SessionLookups } from '../commands/session-lookups.js'
import { sessionServiceAt } from '../commands/session-service.js'
import type { EventStore } from '../event-store/port.js'
import { wantedSessions } from '../projections/queries/sessions.js'
import type { ReadStore } from '../read-store/port.js'
import type { ProjectorReport } from './projector.js'

/** Asks the session service at that address for what the read models want. */
export function startSessionLookups(
  sessionServiceUrl: string,
  { eventStore, readStore }: { readonly eventStore: EventStore; readonly readStore: ReadStore },
  report: (report: ProjectorReport) => void,
): SessionLookups {
  return new SessionLookups({
    eventStore,
    service: sessionServiceAt(sessionServiceUrl),
    wanted: (limit) => wantedSessions(readStore, limit),
    trouble: (error) => report({ type: 'trouble', error: String(error), retryInMilliseconds: 1_000 }),
  })
}
