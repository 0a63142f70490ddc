import type { EventStore, LogPage, ReadAll } from '../../event-store/port.js'
import { decorated } from '../../event-store/decorated.js'

/** The event store, of which somebody sees every page of the log that is read, and may pass on another one. */
export function watchedReads(
  eventStore: EventStore,
  see: (page: LogPage, asked: ReadAll) => LogPage | Promise<LogPage>,
): EventStore {
  return decorated(eventStore, {
    readAll: async (page) => see(await eventStore.readAll(page), page),
  })
}
