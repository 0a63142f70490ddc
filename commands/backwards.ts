import type { Event, RecordedEvent } from '../domain/event.js'
import type { EventStore } from '../event-store/port.js'

/** What is looked for stands near the end, mostly. */
const eventsAPage = 20

/** The events of a stream, newest first, as far as they are wanted. The caller knows which events the stream has. */
export async function* backwards<E extends Event>(
  eventStore: EventStore,
  stream: string,
): AsyncGenerator<RecordedEvent<E>> {
  let from: number | undefined
  do {
    const page = await eventStore.readStream(stream, {
      direction: 'backward',
      limit: eventsAPage,
      ...(from === undefined ? {} : { from }),
    })
    yield* page as RecordedEvent<E>[]
    from = (page.at(-1)?.revision ?? 0) - 1
  } while (from >= 0)
}
