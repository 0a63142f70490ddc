import { randomUUID } from 'node:crypto'
import { clockAdvanced, clockStream, type AllowedLatenessSet } from '../domain/data-record-clock.js'
import type { EventStore } from '../event-store/port.js'

/** Says that no more data records before an instant are to be expected. Answers the position of the fact. */
export async function advanceClock(eventStore: EventStore, to: number): Promise<number> {
  const { position } = await eventStore.append([clockAdvanced(to, { correlationId: randomUUID() })])
  return position
}

/**
 * Makes the configured lateness a fact, if it is not what the log says already: a rebuild must find the value that
 * held at the time, not the one of today.
 *
 * @param milliseconds undefined: whatever the log says
 */
export async function setAllowedLateness(
  eventStore: EventStore,
  milliseconds: number | undefined,
): Promise<void> {
  if (milliseconds === undefined) return
  let from: number | undefined
  for (;;) {
    const page = await eventStore.readStream(clockStream, {
      direction: 'backward',
      limit: 100,
      ...(from === undefined ? {} : { from }),
    })
    const known = page.find(({ type }) => type === 'AllowedLatenessSet')?.data as
      AllowedLatenessSet['data'] | undefined
    const last = page.at(-1)
    if (known?.milliseconds === milliseconds) return
    if (!known && last && last.revision > 0) {
      from = last.revision - 1
      continue
    }
    if (!known && milliseconds === 0) return
    const event = { type: 'AllowedLatenessSet', data: { milliseconds } }
    await eventStore.append([{ id: randomUUID(), stream: clockStream, ...event, metadata: {} }])
    return
  }
}
