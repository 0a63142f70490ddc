import type { EventStore } from '../event-store/port.js'
import { Fenced } from '../read-store/errors.js'
import type { Build, ReadStore } from '../read-store/port.js'
import { DerivedCheck, drainOutbox, type DerivedDifference } from './derived-events.js'
import { collectionsOf, Fold } from './fold.js'
import type { Projection } from './projection.js'

const eventsAPage = 1_000

export interface RebuildOptions {
  readonly eventStore: EventStore
  readonly readStore: ReadStore
  readonly signal?: AbortSignal
  /** How far the new build is, and how far it has to come, in positions. */
  readonly onProgress?: (position: number, target: number) => void
}

export interface Rebuilt {
  readonly name: string
  readonly version: number
  /** How many events were folded. */
  readonly events: number
  readonly documents: number
  readonly seconds: number
  /** Where the events derived anew and those in the log differ. Nothing is appended. */
  readonly derivedDifferences: readonly DerivedDifference[]
}

/** The rebuild was called off. The live build is as it was. */
export class RebuildStopped extends Error {
  readonly code = 'rebuild-stopped'
}

/**
 * Builds a projection again from the log, beside the live build, and then takes its place in one step: readers
 * see the old documents until they see the new ones.
 *
 * @throws {RebuildStopped} `signal` aborted
 */
export async function rebuild(projection: Projection, options: RebuildOptions): Promise<Rebuilt> {
  const { eventStore, readStore } = options
  const start = performance.now()
  const build = await readStore.create(projection.name, projection.version, collectionsOf(projection))
  try {
    const check = new DerivedCheck(eventStore)
    const fold = await Fold.open(projection, build, check)
    const documents = await catchUpAndPromote(fold, options)
    const seconds = (performance.now() - start) / 1000
    const derivedDifferences = await check.differences()
    return {
      name: projection.name,
      version: projection.version,
      events: fold.events,
      documents,
      seconds,
      derivedDifferences,
    }
  } catch (error) {
    await readStore.discard(build).catch(() => {})
    throw error
  }
}

/**
 * The live build may move on meanwhile: then the new one runs after it, and the next step is shorter.
 *
 * @returns how many documents the new one has, counted while nobody can replace it
 */
async function catchUpAndPromote(fold: Fold, options: RebuildOptions): Promise<number> {
  const { eventStore, readStore } = options
  for (;;) {
    const live = await readStore.live(fold.projection.name)
    if (!live) {
      await readStore.promote(fold.build)
      return 0
    }
    try {
      const at = await live.checkpoint()
      await foldTo(fold, at, options)
      await finish(fold.projection, live, eventStore)
      const documents = await countDocuments(fold.projection, fold.build)
      await readStore.promote(fold.build, { build: live, at })
      return documents
    } catch (error) {
      if (!(error instanceof Fenced)) throw error
    }
  }
}

/**
 * Everything that follows from the events up to the live build's checkpoint is to be in the log before the new build
 * takes its place: what that one derived itself is not sent. (The debts of another version are not ours to pay.)
 */
async function finish(projection: Projection, live: Build, eventStore: EventStore): Promise<void> {
  if (live.version === projection.version) await Fold.finish(projection, live, eventStore)
  else await drainOutbox(live, eventStore)
}

/** Folds the log up to a position and not an event further. */
export async function foldTo(
  fold: Fold,
  target: number,
  options: Omit<RebuildOptions, 'readStore'>,
): Promise<void> {
  const { eventStore, signal, onProgress } = options
  const { categories } = fold.projection
  while (fold.position < target) {
    if (signal?.aborted) throw new RebuildStopped(`the rebuild of ${fold.projection.name} was stopped`)
    const page = await eventStore.readAll({ after: fold.position, limit: eventsAPage, categories })
    const within = page.position <= target
    await fold.apply(
      within ? page : { events: page.events.filter(({ position }) => position <= target), position: target },
    )
    onProgress?.(fold.position, target)
  }
  await fold.settle()
}

export async function countDocuments(
  { collections }: Projection,
  build: Pick<Build, 'count'>,
): Promise<number> {
  let documents = 0
  for (const collection of Object.keys(collections)) documents += await build.count(collection)
  return documents
}
