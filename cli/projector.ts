import { join } from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { EventStore } from '../event-store/port.js'
import type { RunnerReport } from '../projections/runner.js'
import { tryProcessLock } from '../sqlite/process-lock.js'
import { serveAppends } from './append-port.js'
import type { EngineSettings } from './engines.js'

/** Events live for a page: with less room they are copied before they die, with more the process grows. Megabytes. */
const youngGeneration = 24

export interface ProjectorSettings {
  readonly engines: EngineSettings
  /** Of the embedded log: then appends go through the thread that opened it first. */
  readonly bell: SharedArrayBuffer | undefined
}

/** A runner's report as it comes out of its thread: errors as text. */
export type ProjectorReport =
  | Exclude<RunnerReport, { error: unknown }>
  | { readonly type: 'failed'; readonly projection: string; readonly error: string }
  | { readonly type: 'trouble'; readonly error: string; readonly retryInMilliseconds: number }

export interface Projector {
  /** Resolves once the projections are running. */
  readonly started: Promise<void>
  /** Finishes the page in hand. */
  stop(): Promise<void>
}

/**
 * Runs the projections in a thread of its own. Read models in a folder are built by one process: if another one does so
 * already, undefined. (Two of them would be fenced apart, but do everything twice.) Those in MongoDB are shared by all.
 */
export function startProjector(
  engines: EngineSettings,
  eventStore: EventStore,
  bell: SharedArrayBuffer | undefined,
  report: (report: ProjectorReport) => void,
): Projector | undefined {
  const alone = engines.mongoDbUrl === undefined
  const lock = alone ? tryProcessLock(join(engines.data, 'projector.lock')) : undefined
  if (alone && !lock) return undefined
  const { port1, port2 } = new MessageChannel()
  serveAppends(port1, eventStore)
  const settings: ProjectorSettings = { engines, bell }
  const worker = new Worker(new URL('./projector-thread.js', import.meta.url), {
    workerData: { ...settings, appends: port2 },
    transferList: [port2],
    resourceLimits: { maxYoungGenerationSizeMb: youngGeneration },
  })
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  const started = new Promise<void>((resolve) => {
    worker.on('message', (message: ProjectorReport) => {
      if (message.type === 'started') resolve()
      report(message)
    })
    worker.once('exit', () => resolve())
  })
  worker.on('error', (error: Error) => {
    report({ type: 'trouble', error: `the projector stopped: ${error.message}`, retryInMilliseconds: 0 })
  })
  return {
    started,
    stop: async () => {
      worker.postMessage('stop')
      await exited
      port1.close()
      lock?.release()
    },
  }
}
