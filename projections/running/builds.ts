import type { Build, ReadModel, ReadStore } from '../../read-store/port.js'
import type { Projection } from '../projection.js'
import type { DerivedEvents } from './derived-events.js'
import { collectionsOf, Fold } from './fold.js'
import { ownIds, partitionOf } from './partition.js'

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
