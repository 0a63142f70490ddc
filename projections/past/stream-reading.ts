import { setImmediate } from 'node:timers/promises'
import type { RecordedEvent } from '../../domain/event.js'
import type { EventStore } from '../../event-store/port.js'

const eventsAPage = 200

export interface StreamReading {
  readonly eventStore: EventStore
  /** What stands after it is left out. */
  readonly position: number
  readonly signal: AbortSignal
}

/**
 * The events of a stream in their order, as far as they stand in the log up to a position. Others have their turn between
 * two pages.
 *
 * @param from the first revision
 * @throws whatever `signal` is aborted with
 */
export async function* eventsOf(
  stream: string,
  { eventStore, position, signal }: StreamReading,
  from = 0,
): AsyncGenerator<RecordedEvent, void, void> {
  for (;;) {
    signal.throwIfAborted()
    await setImmediate()
    const events = await eventStore.readStream(stream, { from, limit: eventsAPage })
    for (const event of events) {
      if (event.position > position) return
      yield event
    }
    const last = events.at(-1)
    if (!last || events.length < eventsAPage) return
    from = last.revision + 1
  }
}
