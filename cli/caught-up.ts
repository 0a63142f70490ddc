import { setTimeout as pause } from 'node:timers/promises'
import { firstWaiting } from '../projections/running/outbox.js'
import { projections } from '../projections/index.js'
import { isBuiltFrom } from '../projections/running/origin.js'
import { checkpointsOf } from '../projections/running/builds.js'
import { failureOf } from '../projections/running/status.js'
import type { Projection } from '../projections/projection.js'
import type { Build } from '../read-store/port.js'
import type { System } from './compose.js'
import { ProgressBar } from './progress.js'
import { waitForLookups } from './wait-for-lookups.js'

/** Between two looks at the checkpoints, in milliseconds: another thread or process moves them. */
const lookAgainAfter = 10

/** A projection stopped, so the read models will not catch up. */
export class ProjectionStopped extends Error {
  readonly code = 'projection-failed'
}

/**
 * Waits until the read models have folded the whole log, and what is looked up meanwhile; shows a bar.
 *
 * @throws {ProjectionStopped}
 */
export async function catchUp(system: System): Promise<void> {
  const bar = new ProgressBar('projecting')
  const from = await system.eventStore.head()
  const caughtUp = () =>
    waitUntilCaughtUp(system, projections, (position, head) => bar.update(position, Math.max(head, from)))
  await caughtUp()
  if (await waitForLookups(system)) await caughtUp()
  bar.end()
}

/**
 * Waits until every projection has folded all that the log has now, and what follows from it is in the log and folded too.
 * What others append meanwhile is not waited for: they may never end.
 *
 * @throws {ProjectionStopped}
 */
export async function waitUntilCaughtUp(
  system: Projecting,
  projections: readonly Projection[],
  onProgress: (position: number, head: number) => void = () => {},
): Promise<void> {
  const { eventStore } = system
  const fold = async () => {
    const head = await eventStore.head()
    for (;;) {
      await system.project()
      const position = await slowest(system, projections)
      onProgress(Math.min(position, head), head)
      if (position >= head) return
      await pause(lookAgainAfter)
    }
  }
  await fold()
  for (const projection of projections) await sent(system, projection)
  await fold()
}

type Projecting = Pick<System, 'eventStore' | 'readStore' | 'project'>

/** Waits until what a projection has derived so far is in the log. */
async function sent(system: Projecting, projection: Projection): Promise<void> {
  let position: number | undefined
  for (;;) {
    await system.project()
    // Throws if it has stopped.
    await slowest(system, [projection])
    const build = await system.readStore.live(projection.name)
    if (build) {
      position ??= Math.max(...(await checkpointsOf(build)))
      if ((await firstWaiting(build)) > position) return
    }
    await pause(lookAgainAfter)
  }
}

/**
 * Folds what nobody else folds, since a rebuild goes as far as the live build has come. A projection that has stopped
 * stays where it is.
 */
export async function catchUpLaggards(system: System, chosen: readonly Projection[]): Promise<void> {
  const head = await system.eventStore.head()
  const builds = await liveBuilds(system, chosen)
  const checkpoints = await Promise.all(builds.map(async (live) => live?.checkpoint() ?? head))
  if (Math.min(...checkpoints) >= head || !(await system.project())) return
  try {
    await catchUp(system)
  } catch (error) {
    if (!(error instanceof ProjectionStopped)) throw error
  }
}

/** Builds what has never been built: then there is something to look at. */
export async function catchUpFirst(system: System, chosen: readonly Projection[]): Promise<void> {
  const builds = await liveBuilds(system, chosen)
  if (builds.includes(undefined) && (await system.eventStore.head()) > 0) await catchUp(system)
}

function liveBuilds({ readStore }: System, chosen: readonly Projection[]): Promise<(Build | undefined)[]> {
  return Promise.all(chosen.map(({ name }) => readStore.live(name)))
}

async function slowest(
  { eventStore, readStore }: Pick<System, 'eventStore' | 'readStore'>,
  projections: readonly Projection[],
): Promise<number> {
  const checkpoints: number[] = []
  for (const { name, version } of projections) {
    const build = await readStore.live(name)
    const isOurs = build?.version === version && (await isBuiltFrom(eventStore, build))
    checkpoints.push(isOurs ? await build.checkpoint() : 0)
    const failure = build && (await failureOf(build))
    if (failure) throw new ProjectionStopped(failure.reason)
  }
  return Math.min(...checkpoints)
}
