import type { EventStore, LogPage } from '../../event-store/port.js'
import { Fenced } from '../../read-store/errors.js'
import type { Build, ReadModel, ReadStore } from '../../read-store/port.js'
import { DerivedCheck, type DerivedDifference } from './derived-check.js'
import type { DerivedEvents } from './derived-events.js'
import { drainOutbox, Outbox } from './outbox.js'
import { collectionsOf, Fold } from './fold.js'
import { isBuiltFrom, OtherLog } from './origin.js'
import { ownIds, partitionOf } from './partition.js'
import type { Projection } from '../projection.js'

const eventsAPage = 1_000

export interface RebuildOptions {
  readonly eventStore: EventStore
  readonly readStore: ReadStore
  /** Into how many partitions the work is cut, where the projection can be shared; default as many as it was. */
  readonly partitions?: number
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
 * Builds a projection again from the log, beside the live build and as far as that has come, and then takes its place in
 * one step: readers see the old documents until they see the new ones. Where there is none, or one of another log, it
 * goes to the end of the log.
 *
 * @throws {RebuildStopped} `signal` aborted
 */
export async function rebuild(projection: Projection, options: RebuildOptions): Promise<Rebuilt> {
  const { eventStore, readStore } = options
  const live = await readStore.live(projection.name)
  const isOurs = live !== undefined && (await isBuiltFrom(eventStore, live))
  try {
    // Without a build of this log nobody has seen to it that what follows from its events is in it.
    return await buildAgain(projection, options, live, isOurs ? 'check' : 'append')
  } catch (error) {
    if (!(error instanceof Owing)) throw error
    return buildAgain(projection, options, live, 'append')
  }
}

/** Another version was stopped while it owed derived events, and is never there again to send them. */
class Owing extends Error {}

async function buildAgain(
  projection: Projection,
  options: RebuildOptions,
  live: Build | undefined,
  mode: 'check' | 'append',
): Promise<Rebuilt> {
  const { eventStore, readStore } = options
  const start = performance.now()
  return withNewBuild(projection, readStore, options.partitions ?? live?.partitions, async (build) => {
    const check = new DerivedCheck(eventStore)
    const derived = (partition: number) =>
      mode === 'check' ? check : Outbox.open(build, eventStore, partition)
    const folds = await openFolds(projection, build, derived)
    const documents = await catchUpAndPromote(projection, build, folds, options, async (replaced) => {
      if (mode === 'append' || replaced.version === projection.version) return
      const differences = await check.differences()
      if (differences.some(({ difference }) => difference === 'missing in the log')) throw new Owing()
    })
    // What might have come further on in the log is awaited no longer.
    if (mode === 'append') await drainOutbox(build, eventStore)
    const seconds = (performance.now() - start) / 1000
    const derivedDifferences = await check.differences()
    return {
      name: projection.name,
      version: projection.version,
      events: folds.reduce((sum, { events }) => sum + events, 0),
      documents,
      seconds,
      derivedDifferences,
    }
  })
}

/** Does something with an empty build, and discards it should that fail. */
export async function withNewBuild<T>(
  projection: Projection,
  readStore: ReadStore,
  partitions: number | undefined,
  work: (build: Build) => Promise<T>,
): Promise<T> {
  const build = await createBuild(projection, readStore, partitions)
  try {
    return await work(build)
  } catch (error) {
    await readStore.discard(build).catch(() => {})
    throw error
  }
}

/** An empty build. Only work that can be shared is cut into partitions. */
export function createBuild(
  projection: Projection,
  readStore: ReadStore,
  partitions = 1,
): ReturnType<ReadStore['create']> {
  const { name, version, sharing } = projection
  return readStore.create(name, version, collectionsOf(projection), sharing ? partitions : 1)
}

/** A fold for each partition of a build. */
export function openFolds(
  projection: Projection,
  build: Build,
  derived: (partition: number) => DerivedEvents | Promise<DerivedEvents>,
): Promise<Fold[]> {
  const indexes = [...Array(build.partitions).keys()]
  return Promise.all(
    indexes.map(async (index) =>
      Fold.open(projection, build, await derived(index), partitionOf(index, build.partitions)),
    ),
  )
}

/** Where each partition of a build, or of a snapshot of it, stands. */
export function checkpointsOf(build: ReadModel): Promise<number[]> {
  return Promise.all([...Array(build.partitions).keys()].map((index) => build.checkpoint(index)))
}

/**
 * The live build may move on meanwhile: then the new one runs after it, and the next step is shorter.
 *
 * @param assertPaid throws where the build that is to be replaced has left something owing
 * @returns how many documents the new one has, counted while nobody can replace it
 */
async function catchUpAndPromote(
  projection: Projection,
  build: Build,
  folds: readonly Fold[],
  options: RebuildOptions,
  assertPaid: (replaced: Build) => Promise<void>,
): Promise<number> {
  const { eventStore, readStore } = options
  for (;;) {
    const live = await readStore.live(projection.name)
    try {
      const at = live ? await checkpointsOf(live) : []
      const ours = live && (await isBuiltFrom(eventStore, live)) ? live : undefined
      // How far a build of another log has come says nothing of this one, and what it derived is none of its events.
      const ends = ours ? at : [await eventStore.head()]
      await foldTo(folds, targetsOf(ends, folds.length), options)
      if (ours) {
        await finish(projection, ours, eventStore)
        await assertPaid(ours)
      }
      const documents = await countDocuments(projection, build)
      await readStore.promote(build, live && { build: live, at })
      return documents
    } catch (error) {
      if (!(error instanceof Fenced)) throw error
    }
  }
}

/** Partition by partition as far as the live build is; all of them as far as its last one, where it is cut differently. */
function targetsOf(at: readonly number[], partitions: number): readonly number[] {
  return at.length === partitions ? at : Array<number>(partitions).fill(Math.max(...at))
}

/**
 * Everything that follows from the events up to the live build's checkpoint is to be in the log before the new build
 * takes its place: what that one derived itself is not sent. (The debts of another version are not ours to pay.)
 */
async function finish(projection: Projection, live: Build, eventStore: EventStore): Promise<void> {
  if (live.version === projection.version) await Fold.finish(projection, live, eventStore)
  else await drainOutbox(live, eventStore)
}

/**
 * Folds the log, for each fold up to a position of its own and not an event further. One reading serves them all.
 *
 * @throws {OtherLog} it ends before
 */
export async function foldTo(
  folds: readonly Fold[],
  targets: readonly number[],
  options: Omit<RebuildOptions, 'readStore'>,
): Promise<void> {
  const { eventStore, signal, onProgress } = options
  const target = Math.max(...targets)
  for (;;) {
    const behind = folds.filter(({ position }, i) => position < (targets[i] ?? 0))
    const [first] = behind
    if (!first) break
    if (signal?.aborted) throw new RebuildStopped(`the rebuild of ${first.projection.name} was stopped`)
    const { categories } = first.projection
    const after = Math.min(...behind.map(({ position }) => position))
    const page = await eventStore.readAll({ after, limit: eventsAPage, categories })
    if (page.position <= after) throw new OtherLog(first.projection.name)
    for (const fold of behind) await fold.apply(upTo(targets[folds.indexOf(fold)] ?? 0, page))
    onProgress?.(Math.min(page.position, target), target)
  }
  for (const fold of folds) await fold.settle()
}

/** As much of a page as lies up to a position. */
export function upTo(target: number, page: LogPage): LogPage {
  if (page.position <= target) return page
  return { events: page.events.filter(({ position }) => position <= target), position: target }
}

/** How many documents there are, but for those that each further partition has of its own. */
export async function countDocuments(
  projection: Projection,
  build: Pick<Build, 'count' | 'getMany' | 'partitions'>,
): Promise<number> {
  let documents = -(await countCopies(projection, build))
  for (const collection of Object.keys(projection.collections)) documents += await build.count(collection)
  return documents
}

/** The watched documents of all partitions but the first. */
export async function countCopies(
  { watches }: Projection,
  build: Pick<Build, 'getMany' | 'partitions'>,
): Promise<number> {
  if (build.partitions === 1) return 0
  let copies = 0
  for (const [collection, id] of watches) {
    copies += (await build.getMany(collection, ownIds(id, build.partitions).slice(1))).length
  }
  return copies
}
