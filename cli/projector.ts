import { join } from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { EventStore } from '../event-store/port.js'
import type { RunnerReport } from '../projections/running/runner.js'
import { tryProcessLock } from '../sqlite/process-lock.js'
import { serveAppends } from './append-port.js'
import type { EngineReport, EngineSettings } from './engines.js'

/** Events live for a page: with less room they are copied before they die, with more the process grows. Megabytes. */
const youngGeneration = 24
/** A thread that died is followed by another one, in milliseconds. */
const startAgainAfter = 1_000

export interface ProjectorSettings {
  readonly engines: EngineSettings
  /** Of the embedded log: then appends go through the thread that opened it first. */
  readonly bell: SharedArrayBuffer | undefined
}

/** A runner's report as it comes out of its thread: errors as text. */
export type ProjectorReport =
  | Exclude<RunnerReport, { error: unknown }>
  | { readonly type: 'failed'; readonly projection: string; readonly error: string }
  | EngineReport

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
  const thread = new ProjectorThread({ engines, bell }, eventStore, report)
  return {
    started: thread.started,
    stop: async () => {
      await thread.stop()
      lock?.release()
    },
  }
}

/** The thread, and another one after it should it die. */
class ProjectorThread {
  readonly started: Promise<void>
  #isStarted = () => {}
  #worker: Worker | undefined
  #ended = Promise.resolve()
  #again: NodeJS.Timeout | undefined
  #stopping = false

  constructor(
    private readonly settings: ProjectorSettings,
    private readonly eventStore: EventStore,
    private readonly report: (report: ProjectorReport) => void,
  ) {
    this.started = new Promise((resolve) => (this.#isStarted = resolve))
    this.#start()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#again)
    this.#worker?.postMessage('stop')
    await this.#ended
    this.#isStarted()
  }

  #start(): void {
    const { port1, port2 } = new MessageChannel()
    serveAppends(port1, this.eventStore)
    const worker = new Worker(new URL('./projector-thread.js', import.meta.url), {
      workerData: { ...this.settings, appends: port2 },
      transferList: [port2],
      resourceLimits: { maxYoungGenerationSizeMb: youngGeneration },
    })
    this.#worker = worker
    worker.on('message', (message: ProjectorReport) => {
      if (message.type === 'started') this.#isStarted()
      this.report(message)
    })
    let reason = 'it ended'
    worker.on('error', (error: Error) => (reason = error.message))
    this.#ended = new Promise((resolve) => {
      worker.once('exit', () => {
        port1.close()
        if (!this.#stopping) this.#startAgain(reason)
        resolve()
      })
    })
  }

  #startAgain(reason: string): void {
    this.report({
      type: 'trouble',
      error: `the projector stopped: ${reason}`,
      retryInMilliseconds: startAgainAfter,
    })
    this.#again = setTimeout(() => this.#start(), startAgainAfter)
  }
}
