import type { EventStore, LogPage, ReadAll } from '../../event-store/port.js'

/** The event store, of which somebody sees every page of the log that is read, and may pass on another one. */
export function watchedReads(
  eventStore: EventStore,
  see: (page: LogPage, asked: ReadAll) => LogPage | Promise<LogPage>,
): EventStore {
  return {
    append: (events, expect) => eventStore.append(events, expect),
    readStream: (stream, page) => eventStore.readStream(stream, page),
    readAll: async (page) => see(await eventStore.readAll(page), page),
    follow: (page, signal) => eventStore.follow(page, signal),
    head: () => eventStore.head(),
    streams: (page) => eventStore.streams(page),
    close: () => eventStore.close(),
  }
}
