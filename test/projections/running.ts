import type { Test } from 'tap'
import type { EventStore } from '../../event-store/port.js'
import type { Projection } from '../../projections/projection.js'
import { runProjections, type RunnerOptions, type RunnerReport } from '../../projections/running/runner.js'
import type { ReadStore } from '../../read-store/port.js'

/** A runner at work. */
export interface Running {
  /** Everything that it has said so far. */
  readonly reports: readonly RunnerReport[]
  /** Resolves with the first report that fits, of those made so far and those to come. */
  reported(fits: (report: RunnerReport) => boolean): Promise<RunnerReport>
  /** Resolves once a projection has folded everything that is in the log by now. */
  folded(projection: string): Promise<void>
  /** Lets it finish the page in hand. */
  stop(): Promise<void>
}

/** Runs projections until the test stops them, or ends. */
export function run(
  t: Test,
  eventStore: EventStore,
  readStore: ReadStore,
  projections: readonly Projection[],
  sharing: Pick<RunnerOptions, 'partitions' | 'shared'> = {},
): Running {
  const stopping = new AbortController()
  const reports: RunnerReport[] = []
  const waiting = new Set<{
    fits: (report: RunnerReport) => boolean
    resolve: (report: RunnerReport) => void
  }>()
  const ended = runProjections({
    eventStore,
    readStore,
    projections,
    ...sharing,
    signal: stopping.signal,
    report: (report) => {
      reports.push(report)
      for (const waiter of waiting) if (waiter.fits(report)) waiter.resolve(report)
    },
  })
  const stop = async () => {
    stopping.abort()
    await ended
  }
  t.teardown(stop)
  return {
    reports,
    stop,
    reported: (fits) => {
      const known = reports.find(fits)
      return known ? Promise.resolve(known) : new Promise((resolve) => waiting.add({ fits, resolve }))
    },
    folded: async (projection) => {
      const head = await eventStore.head()
      do await turn()
      while (((await (await readStore.live(projection))?.checkpoint()) ?? 0) < head)
    },
  }
}

/** Another turn of the event loop: the runner is in the same thread. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
