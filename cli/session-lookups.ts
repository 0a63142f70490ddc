import { SessionLookups } from '../commands/session-lookups.js'
import { sessionServiceAt } from '../commands/session-service.js'
import type { EventStore } from '../event-store/port.js'
import { wantedSessions } from '../projections/queries/sessions.js'
import type { ReadStore } from '../read-store/port.js'
import type { Config } from './config.js'
import type { ProjectorReport } from './projector.js'

/** Asks the session service for what the read models want, if there is a session service. */
export function startSessionLookups(
  { sessionServiceUrl }: Config,
  { eventStore, readStore }: { readonly eventStore: EventStore; readonly readStore: ReadStore },
  report: (report: ProjectorReport) => void,
): SessionLookups | undefined {
  if (sessionServiceUrl === undefined) return undefined
  return new SessionLookups({
    eventStore,
    service: sessionServiceAt(sessionServiceUrl),
    wanted: (limit) => wantedSessions(readStore, limit),
    trouble: (error) => report({ type: 'trouble', error: String(error), retryInMilliseconds: 1_000 }),
  })
}
