import type { EventStore } from '../../event-store/port.js'
import { Fenced } from '../../read-store/errors.js'
import type { Build, ReadStore } from '../../read-store/port.js'
import { checkpointsOf, countDocuments, openFolds, withNewBuild } from './builds.js'
import { DerivedCheck, type DerivedDifference } from './derived-check.js'
import { drainOutbox, Outbox } from './outbox.js'
import { Fold } from './fold.js'
import { foldTo, type Folding } from './fold-to.js'
import { isBuiltFrom } from './origin.js'
import type { Projection } from '../projection.js'

export interface RebuildOptions extends Folding {
  readonly readStore: ReadStore
  /** Into how many partitions the work is cut, where the projection can be shared; default as many as it was. */
  readonly partitions?: number
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
