import type { RecordedEvent } from '../domain/event.js'
import type { EventStore } from '../event-store/port.js'

/** The events of a stream in their order, as far as they are wanted. */
export async function* forwards(
  eventStore: EventStore,
  stream: string,
  eventsAPage: number,
): AsyncGenerator<RecordedEvent, void, void> {
  for (let from = 0; ;) {
    const page = await eventStore.readStream(stream, { from, limit: eventsAPage })
    yield* page
    if (page.length < eventsAPage) return
    from += page.length
  }
}
