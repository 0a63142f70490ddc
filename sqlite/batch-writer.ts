import { Worker } from 'node:worker_threads'
import type { Answer, Opening, Request } from './batch-worker.js'
import { assertRows, type Batch, type Outcome } from './batch.js'
import type { OpenOptions } from './driver.js'
import { ExitGate } from './exit-gate.js'
import { WriterStopped } from './errors.js'
import { databaseError } from './failure.js'

/** What a batch brings along is used once and dropped: a larger one only takes memory. Megabytes. */
const youngGeneration = 6

/**
 * Writes to a database on a thread of its own, a batch a transaction, all of it or nothing.
 *
 * Batches are applied in the order they were submitted in, and the next may be submitted before the one
 * before is answered: the calling thread prepares while the other one writes. A batch that is refused or
 * fails does not hold up those behind it; guard what must not overtake. An idle writer does not keep the
 * process alive.
 */
export class BatchWriter {
  private readonly waiting: { resolve: (answer: Answer['type']) => void; reject: (error: Error) => void }[] =
    []
  private readonly worker: Worker
  private readonly gate = new ExitGate()
  private readonly exited: Promise<void>
  private stopped: WriterStopped | undefined
  private closing: Promise<void> | undefined

  /**
   * Opens the database on a new thread.
   *
   * @param died called when the thread has ended without being closed
   * @throws {DatabaseBusy | DatabaseFailed} it cannot be opened
   */
  static async open(
    path: string,
    options: OpenOptions = {},
    died: () => void = () => {},
  ): Promise<BatchWriter> {
    const writer = new BatchWriter(path, options, died)
    await writer.answered()
    return writer
  }

  private constructor(
    private readonly path: string,
    private readonly options: OpenOptions,
    private readonly died: () => void,
  ) {
    const workerData: Opening = { path, options, gate: this.gate.state }
    // No flags of the command line: some of them, such as --input-type, are refused for a thread of a file.
    const worker = new Worker(new URL('./batch-worker.js', import.meta.url), {
      workerData,
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: youngGeneration },
    })
    this.worker = worker
    worker.on('message', (answer: Answer) => {
      this.settle(answer)
    })
    worker.on('error', (error) => {
      this.stop(`the writer of ${path} crashed: ${error instanceof Error ? error.message : String(error)}`)
    })
    this.exited = new Promise((resolve) => {
      worker.on('exit', () => {
        this.gate.remove()
        this.stop(`the writer of ${path} has stopped`)
        resolve()
      })
    })
  }

  /**
   * Applies a batch: `refused` if its guard did not change the rows it must, and then nothing is written.
   *
   * @throws {DatabaseBusy} another process kept the file locked for `busyTimeout`
   * @throws {DiskFull}
   * @throws {DatabaseFailed} SQLite refused a statement
   * @throws {WriterStopped} the writer is closed, or crashed with this batch in flight
   */
  async apply(batch: Batch): Promise<Outcome> {
    assertRows(batch)
    return (await this.request({ type: 'apply', batch })) as Outcome
  }

  /** Waits for what is in flight, copies the write-ahead log back and ends the thread. */
  close(): Promise<void> {
    this.closing ??= this.request({ type: 'close' }).then(
      () => this.exited,
      (error: unknown) => {
        if (!(error instanceof WriterStopped)) throw error
      },
    )
    return this.closing
  }

  private request(request: Request): Promise<Answer['type']> {
    if (this.stopped) return Promise.reject(this.stopped)
    if (this.closing) return Promise.reject(new WriterStopped(`the writer of ${this.path} is closed`))
    this.worker.postMessage(request)
    return this.answered()
  }

  private answered(): Promise<Answer['type']> {
    if (this.waiting.length === 0) this.worker.ref()
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject })
    })
  }

  private settle(answer: Answer): void {
    const waiting = this.waiting.shift()
    if (this.waiting.length === 0 && this.closing === undefined) this.worker.unref()
    if (answer.type === 'failed') waiting?.reject(databaseError(answer.failure, this.path, this.options))
    else waiting?.resolve(answer.type)
  }

  private stop(reason: string): void {
    if (!this.stopped && !this.closing) this.died()
    this.stopped ??= new WriterStopped(reason)
    for (const { reject } of this.waiting.splice(0)) reject(this.stopped)
  }
}
