import { randomUUID } from 'node:crypto'
import {
  clockAdvanced,
  clockStream,
  type AllowedLatenessSet,
  type ClockAdvanced,
} from '../domain/data-record-clock.js'
import type { EventStore } from '../event-store/port.js'
import { backwards } from './backwards.js'

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
  const known = await lastSet(eventStore)
  if ((known ?? 0) === milliseconds) return
  const event = { type: 'AllowedLatenessSet', data: { milliseconds } }
  await eventStore.append([{ id: randomUUID(), stream: clockStream, ...event, metadata: {} }])
}

async function lastSet(eventStore: EventStore): Promise<number | undefined> {
  for await (const { type, data } of backwards<AllowedLatenessSet | ClockAdvanced>(eventStore, clockStream))
    if (type === 'AllowedLatenessSet') return (data as AllowedLatenessSet['data']).milliseconds
  return undefined
}
