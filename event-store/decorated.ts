import type { EventStore } from './port.js'

/** The same event store, but for some of its methods. */
export function decorated(eventStore: EventStore, methods: Partial<EventStore>): EventStore {
  return {
    append: (events, expect) => eventStore.append(events, expect),
    readStream: (stream, page) => eventStore.readStream(stream, page),
    readAll: (page) => eventStore.readAll(page),
    follow: (page, signal) => eventStore.follow(page, signal),
    head: () => eventStore.head(),
    streams: (page) => eventStore.streams(page),
    close: () => eventStore.close(),
    ...methods,
  }
}
