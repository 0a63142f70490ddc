import { setTimeout } from 'node:timers/promises'
import type { EventStore } from '../../event-store/port.js'
import { Fenced } from '../../read-store/errors.js'
import type { Build, ReadStore } from '../../read-store/port.js'
import { Fold, ProjectionFailed } from './fold.js'
import { failureId, runnerCollection } from './notes.js'
import { isBuiltFrom, otherLog } from './origin.js'
import { Outbox } from './outbox.js'
import { ownId, partitionOf } from './partition.js'
import type { Projection } from '../projection.js'
import { withNewBuild } from './builds.js'
import { rebuild } from './rebuild.js'
import { renewEvery, shareOf, Shares } from './shares.js'

/** So many events a page while catching up. */
const eventsAPage = 1_000
/** How long to wait after the stores failed, in milliseconds: first, at most, and before a rebuild begins again. */
const patience = { first: 250, longest: 5_000, rebuild: 1_000 }

/** What the runner has to say to whoever operates it. */
export type RunnerReport =
  /** All builds are open, and what had failed is being tried again. */
  | { readonly type: 'started' }
  | { readonly type: 'failed'; readonly projection: string; readonly error: Error }
  | { readonly type: 'rebuilding'; readonly projection: string; readonly from: number; readonly to: number }
  | { readonly type: 'rebuilt'; readonly projection: string }
  /** Something is not as it should be, and is being mended. */
  | { readonly type: 'warning'; readonly warning: string }
  | { readonly type: 'trouble'; readonly error: unknown; readonly retryInMilliseconds: number }

export interface RunnerOptions {
  readonly eventStore: EventStore
  readonly readStore: ReadStore
  readonly projections: readonly Projection[]
  /** Into how many partitions new builds are cut, where a projection can be shared; default 1. */
  readonly partitions?: number
  /** The runner shares the work with others of its kind; else it does all of it. */
  readonly shared?: boolean
  readonly signal: AbortSignal
  readonly report: (report: RunnerReport) => void
}

/**
 * Keeps all projections up with the log, over one reading of it, until `signal` aborts.
 *
 * Each projection has its own build and checkpoint. One whose handler fails stops where it is, and says so in
 * its build; the others go on. One whose version changed is built again beside the old build and joins when it
 * has caught up.
 */
export async function runProjections(options: RunnerOptions): Promise<void> {
  const runner = new Runner(options)
  await runner.run()
}

class Runner {
  readonly #options: RunnerOptions
  readonly #failed = new Set<string>()
  readonly #rebuilding = new Map<string, Promise<void>>()
  readonly #shares: Shares | undefined
  /** How long to wait should the stores fail now; the next time twice as long, until all is well for once. */
  #wait = patience.first
  /** The last reading of the log was ended by another runner. */
  #fenced = false
  /** Aborts the current reading of the log, so that it starts again with the folds as they are now. */
  #restart = new AbortController()

  constructor(options: RunnerOptions) {
    this.#options = options
    this.#shares = options.shared ? new Shares(options.readStore) : undefined
  }

  async run(): Promise<void> {
    const { signal, report } = this.#options
    while (!signal.aborted) {
      this.#restart = new AbortController()
      try {
        await this.#shares?.settle(await this.#allShares())
        const folds = await this.#openFolds()
        report({ type: 'started' })
        const renewing = this.#renewShares()
        try {
          await this.#read(folds, AbortSignal.any([signal, this.#restart.signal]))
        } finally {
          renewing.stop()
        }
      } catch (error) {
        // Another runner moved a build on, or replaced it. Once, that is how it should be.
        const isNews = error instanceof Fenced && !this.#fenced
        this.#fenced = error instanceof Fenced
        if (isNews) continue
        const wait = this.#wait
        report({ type: 'trouble', error, retryInMilliseconds: wait })
        await pause(wait, signal)
        this.#wait = Math.min(wait * 2, patience.longest)
      }
    }
    await Promise.allSettled(this.#rebuilding.values())
    await this.#shares?.close().catch(() => {})
  }

  /** Starts the reading again when the share of this runner is to change. */
  #renewShares(): { stop(): void } {
    const shares = this.#shares
    if (!shares) return { stop: () => {} }
    const restart = this.#restart
    const timer = setInterval(() => {
      const renewed = this.#allShares().then((all) => shares.renew(all))
      renewed.then(
        (changes) => changes && restart.abort(),
        () => restart.abort(),
      )
    }, renewEvery)
    return { stop: () => clearInterval(timer) }
  }

  /** `<projection>/<partition>` for all there are. */
  async #allShares(): Promise<string[]> {
    const { readStore, projections } = this.#options
    const shares: string[] = []
    for (const { name } of projections) {
      const partitions = (await readStore.live(name))?.partitions ?? 1
      for (let index = 0; index < partitions; index++) shares.push(shareOf(name, index))
    }
    return shares
  }

  #isMine(share: string): boolean {
    return this.#shares?.has(share) ?? true
  }

  async #openFolds(): Promise<Fold[]> {
    const { eventStore, projections } = this.#options
    const folds: Fold[] = []
    for (const projection of projections) {
      if (this.#rebuilding.has(projection.name)) continue
      const build = await this.#liveBuild(projection)
      for (let index = 0; index < (build?.partitions ?? 0); index++) {
        const share = shareOf(projection.name, index)
        if (!build || this.#failed.has(share) || !this.#isMine(share)) continue
        const outbox = await Outbox.open(build, eventStore, index)
        try {
          folds.push(await Fold.open(projection, build, outbox, partitionOf(index, build.partitions)))
        } catch (error) {
          if (!(error instanceof ProjectionFailed)) throw error
          await this.#fail(projection, index, error)
        }
      }
    }
    return folds
  }

  /**
   * The live build, made if there is none. Undefined if its version or its log is another one: then that is mended first,
   * by the runner that has the first share; of runners of several versions, by a newer one.
   */
  async #liveBuild(projection: Projection): Promise<Build | undefined> {
    const { eventStore, readStore, partitions, report } = this.#options
    const live = await readStore.live(projection.name)
    const isOurs = !live || (await isBuiltFrom(eventStore, live))
    if (isOurs && live?.version === projection.version) return live
    const isOlder = live && live.version > projection.version
    const isFirst = this.#isMine(shareOf(projection.name, 0))
    if (!isFirst || (isOlder && this.#shares) || this.#failed.has(shareOf(projection.name, 0)))
      return undefined
    if (!live) {
      return withNewBuild(projection, readStore, partitions, async (build) => {
        await readStore.promote(build)
        return build
      })
    }
    if (!isOurs) report({ type: 'warning', warning: `${otherLog(projection.name)}: they are built again` })
    this.#rebuilding.set(projection.name, this.#rebuild(projection))
    return undefined
  }

  async #rebuild(projection: Projection): Promise<void> {
    const { eventStore, readStore, partitions = 1, report, signal } = this.#options
    const { name } = projection
    try {
      const onProgress = (from: number, to: number) =>
        report({ type: 'rebuilding', projection: name, from, to })
      await rebuild(projection, { eventStore, readStore, partitions, onProgress, signal })
      report({ type: 'rebuilt', projection: name })
    } catch (error) {
      if (!signal.aborted) await this.#rebuildEnded(projection, error)
    } finally {
      this.#rebuilding.delete(name)
      this.#restart.abort()
    }
  }

  /** What the handlers cannot do they cannot do next time either. A store that was away is tried again. */
  async #rebuildEnded(projection: Projection, error: unknown): Promise<void> {
    const { signal, report } = this.#options
    try {
      if (!(error instanceof ProjectionFailed)) throw error
      await this.#fail(projection, 0, error)
    } catch (trouble) {
      report({ type: 'trouble', error: trouble, retryInMilliseconds: patience.rebuild })
      await pause(patience.rebuild, signal)
    }
  }

  /** One reading of the log for all folds, from the one that is furthest behind. */
  async #read(folds: Fold[], signal: AbortSignal): Promise<void> {
    const { eventStore } = this.#options
    if (folds.length === 0) return aborted(signal)
    const after = Math.min(...folds.map(({ position }) => position))
    for await (const page of eventStore.follow({ after, limit: eventsAPage }, signal)) {
      for (const fold of [...folds]) {
        try {
          await fold.apply(page)
        } catch (error) {
          if (!(error instanceof ProjectionFailed)) throw error
          await fold.abandon()
          await this.#fail(fold.projection, fold.partition.index, error)
          folds.splice(folds.indexOf(fold), 1)
        }
      }
      if (folds.length === 0) return aborted(signal)
      // The head tells whether the next page is there already: while behind, units overlap with reading.
      if (page.position < (await eventStore.head())) continue
      for (const fold of folds) await fold.settle()
      this.#wait = patience.first
      this.#fenced = false
    }
    for (const fold of folds) await fold.settle()
  }

  /** Leaves a note in the build, where other processes see it, and then says so. */
  async #fail(projection: Projection, partition: number, error: unknown): Promise<void> {
    const { readStore, report } = this.#options
    const reason = error instanceof Error ? error : new Error(String(error))
    const build = await readStore.live(projection.name)
    if (build) {
      const checkpoint = await build.checkpoint(partition)
      const event = error instanceof ProjectionFailed ? error.event : undefined
      const document = {
        reason: reason.message,
        ...(event && { position: event.position, eventId: event.id, eventType: event.type }),
      }
      const writes = { [runnerCollection]: [{ id: ownId(failureId, partition), document }] }
      await build.commit({ partition, expected: checkpoint, checkpoint, writes })
    }
    // Not before: where the note cannot be left, the projection fails again when the stores are back.
    this.#failed.add(shareOf(projection.name, partition))
    report({ type: 'failed', projection: projection.name, error: reason })
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

/** Waits, or until `signal` aborts. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal }).catch(() => {})
}
