import { setImmediate } from 'node:timers/promises'
import type { EventStore } from '../../event-store/port.js'
import type { DerivedEvents } from '../running/derived-events.js'
import { collectionsOf, Fold } from '../running/fold.js'
import { MemoryBuild } from './memory-build.js'
import type { Projection, SharedProjection } from '../projection.js'
import type { ReadModels } from '../queries/live.js'
import { upTo } from '../running/fold-to.js'
import type { StreamReading } from './stream-reading.js'

const eventsAPage = 1_000

/**
 * Some documents of a projection, and what of the log they depend on: so much has to be folded again to see them as they
 * were. A capability declares one for each document that it lets people ask for as of a position.
 */
export interface Past {
  /** Its sharing says what belongs to which key, and what the events of other keys do to ours. */
  readonly projection: SharedProjection
  /** The keys that the documents belong to; none if the log up to the position tells nothing of them. */
  readonly keys: (log: StreamReading) => Promise<readonly string[]>
  /** Collections that are not asked for, and that no other document depends on: they are not kept. */
  readonly without?: readonly string[]
}

/** Read models as the log up to a position has them; but only the documents of some keys of one projection. */
export interface PastModels extends ReadModels {
  readonly position: number
}

export interface AsOfOptions {
  readonly eventStore: EventStore
  readonly signal: AbortSignal
}

/**
 * Folds the documents as of a position: what was believed when the log ended there, by the rules as they are now. Reads
 * the projection's categories from the start of the log, a page at a time, and lets others have their turn between two
 * pages; it holds nothing but the documents of these keys.
 *
 * @throws whatever `signal` is aborted with
 * @throws {ProjectionFailed}
 */
export async function asOf(past: Past, position: number, options: AsOfOptions): Promise<PastModels> {
  const { projection, without = [] } = past
  const build = new MemoryBuild(projection.name, projection.version, collectionsOf(projection), { without })
  const keys = new Set(await past.keys({ ...options, position }))
  if (keys.size > 0) await fold(projection, keys, build, position, options)
  return { position, live: async (name) => (name === projection.name ? build : undefined) }
}

async function fold(
  projection: Projection,
  keys: ReadonlySet<string>,
  build: MemoryBuild,
  position: number,
  { eventStore, signal }: AsOfOptions,
): Promise<void> {
  const { categories } = projection
  const folded = await Fold.open(projection, build, forgotten, { index: 0, owns: (key) => keys.has(key) })
  while (folded.position < position) {
    signal.throwIfAborted()
    await setImmediate()
    const page = await eventStore.readAll({ after: folded.position, limit: eventsAPage, categories })
    await folded.apply(upTo(position, page))
  }
  await folded.settle()
}

/** What is derived on the way is in the log already, or is not to be. */
const forgotten: DerivedEvents = {
  owes: false,
  stage: () => [],
  publish: async () => {},
  saw: () => {},
}
