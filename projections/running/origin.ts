import type { RecordedEvent } from '../../domain/event.js'
import type { EventStore } from '../../event-store/port.js'
import type { ReadModel, Write } from '../../read-store/port.js'
import { originId, runnerCollection } from './notes.js'
import { ownId, ownIds } from './partition.js'

/**
 * Which log a build was made from. Positions alone do not tell: another log has the same ones, and so has a log that was
 * restored from a backup and has grown since. So each partition of a build notes the last event that it has met, and
 * whoever goes on with it looks whether that event stands where it stood.
 */
interface Origin {
  readonly stream: string
  readonly revision: number
  readonly id: string
}

/** Read models were built from another log than this one, or from one that was longer. */
export class OtherLog extends Error {
  readonly code = 'other-log'
  constructor(projection: string) {
    super(`${otherLog(projection)}. Build them again with tidemark rebuild; tidemark serve does so by itself`)
  }
}

export function otherLog(projection: string): string {
  return `the read models of ${projection} were built from another log, or from one that was restored to an earlier state`
}

/** The note of an event that a partition has met. */
export function originNote({ stream, revision, id }: RecordedEvent, partition: number): Write {
  return { id: ownId(originId, partition), document: { stream, revision, id } satisfies Origin }
}

/** Builds that are of a log, which they stay: nobody takes events away from a log that is open. */
const known = new WeakMap<object, EventStore>()

/** Whether all that a build has met is in the log. Cheap from the second time on. */
export async function isBuiltFrom(
  eventStore: EventStore,
  build: Pick<ReadModel, 'getMany' | 'partitions'>,
): Promise<boolean> {
  if (known.get(build) === eventStore) return true
  for (const { text } of await build.getMany(runnerCollection, ownIds(originId, build.partitions))) {
    const { stream, revision, id } = JSON.parse(text) as Origin
    const [event] = await eventStore.readStream(stream, { from: revision, limit: 1 })
    if (event?.id !== id) return false
  }
  known.set(build, eventStore)
  return true
}
