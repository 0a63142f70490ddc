import type { EventStore } from '../../event-store/port.js'
import type { Build, ReadStore } from '../../read-store/port.js'
import { failureId, runnerCollection } from './notes.js'
import { isBuiltFrom } from './origin.js'
import { ownIds } from './partition.js'
import type { Projection } from '../projection.js'
import { ofLive } from '../queries/live.js'
import { checkpointsOf, countDocuments } from './builds.js'
import { shareOf } from './shares.js'

/** Why a projection stopped, and at which event. */
export interface ProjectionFailure {
  readonly reason: string
  readonly position?: number
  readonly eventId?: string
  readonly eventType?: string
}

export interface ProjectionState {
  readonly name: string
  /** Of the code that built the documents that readers see. */
  readonly version: number
  /** Up to where in the log the documents are built. */
  readonly position: number
  /** How many positions of the log are to come. */
  readonly lag: number
  /**
   * `missing`: nothing has been built yet. `failed`: stopped at an event that cannot be handled. `catching-up`: there
   * are events to come, or the documents were built by another version of the code or from another log.
   */
  readonly state: 'live' | 'catching-up' | 'failed' | 'missing'
  readonly failure?: ProjectionFailure
}

export interface ProjectionStatus extends ProjectionState {
  readonly documents: number
}

/** One part of the work of a projection that several processes share. */
export interface PartitionStatus {
  /** From 0. */
  readonly partition: number
  readonly position: number
  readonly lag: number
  /** The runner that does it now; absent where nobody does, or where runners do not share. */
  readonly runner?: string
}

/** How far each partition of a read model is, and who is at it; empty while nothing has been built. */
export async function partitionStatuses(
  projection: Projection,
  eventStore: EventStore,
  readStore: ReadStore,
): Promise<PartitionStatus[]> {
  const { name } = projection
  const head = await eventStore.head()
  const positions = (await ofLive(readStore, name, checkpointsOf)) ?? []
  const runners = new Map((await readStore.leases()).map((lease) => [lease.name, lease.holder]))
  return positions.map((position, partition) => {
    const runner = runners.get(shareOf(name, partition))
    return { partition, position, lag: Math.max(0, head - position), ...(runner !== undefined && { runner }) }
  })
}

/** How far each read model is, and whether it goes on, with the number of its documents. */
export async function projectionStatuses(
  projections: readonly Projection[],
  eventStore: EventStore,
  readStore: ReadStore,
): Promise<ProjectionStatus[]> {
  const states = await projectionStates(projections, eventStore, readStore)
  const statuses: ProjectionStatus[] = []
  for (const [i, projection] of projections.entries()) {
    const state = states[i]
    if (!state) continue
    const { name, version, position, lag, ...rest } = state
    const documents = await documentsOf(projection, readStore)
    statuses.push({ name, version, position, lag, documents, ...rest })
  }
  return statuses
}

/** The same without counting, which takes a while for millions of documents. */
export async function projectionStates(
  projections: readonly Projection[],
  eventStore: EventStore,
  readStore: ReadStore,
): Promise<ProjectionState[]> {
  // Before the checkpoints: what has reached this head is not behind because the log has grown since.
  const head = await eventStore.head()
  const states: ProjectionState[] = []
  for (const projection of projections) {
    const state = await ofLive(readStore, projection.name, (build) =>
      stateOf(projection, build, eventStore, head),
    )
    const { name, version } = projection
    states.push(state ?? { name, version, position: 0, lag: head, state: 'missing' })
  }
  return states
}

/** How many documents readers see. */
export async function documentsOf(projection: Projection, readStore: ReadStore): Promise<number> {
  return (await ofLive(readStore, projection.name, (build) => countDocuments(projection, build))) ?? 0
}

/** The note that the runner left in a build when its projection failed. */
export async function failureOf(build: Build): Promise<ProjectionFailure | undefined> {
  const [row] = await build.getMany(runnerCollection, ownIds(failureId, build.partitions))
  return row && (JSON.parse(row.text) as ProjectionFailure)
}

async function stateOf(
  projection: Projection,
  build: Build,
  eventStore: EventStore,
  head: number,
): Promise<ProjectionState> {
  const { name } = projection
  const { version } = build
  const position = await build.checkpoint()
  const failure = await failureOf(build)
  const lag = Math.max(0, head - position)
  if (failure) return { name, version, position, lag, state: 'failed', failure }
  const isOurs = await isBuiltFrom(eventStore, build)
  const live = lag === 0 && version === projection.version && isOurs
  return { name, version, position, lag, state: live ? 'live' : 'catching-up' }
}
