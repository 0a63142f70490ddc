import { BatchDatabase, rowsOf } from './batch-database.js'
import { assertRows, type Batch, type Outcome } from './batch.js'
import { BatchWriter } from './batch-writer.js'
import type { OpenOptions } from './driver.js'
import { databaseError, failureOf } from './failure.js'

/** To start a thread takes as long as to write some thousands of rows. */
const rowsWithoutThread = 1_000

/**
 * A writer that starts its thread when that is worth it: the first few rows are written by whoever brings them, so that a
 * command that writes little ends sooner. After the thread has died, or could not be started, the next batch starts
 * another one.
 */
export class LateWriter {
  private rows = 0
  private near: BatchDatabase | undefined
  private far: Promise<BatchWriter> | undefined

  constructor(
    private readonly path: string,
    private readonly options: OpenOptions,
  ) {}

  /** @throws what {@link BatchWriter.open} and {@link BatchWriter.apply} throw */
  async apply(batch: Batch): Promise<Outcome> {
    return this.applyHere(batch) ?? (await this.writer()).apply(batch)
  }

  async close(): Promise<void> {
    this.closeNear()
    await (await this.far?.catch(() => undefined))?.close()
  }

  /** Undefined: the thread is to do it. So it is where another process is writing, which it can wait for. */
  private applyHere(batch: Batch): Outcome | undefined {
    if (this.far) return undefined
    assertRows(batch)
    for (const statement of batch.statements) this.rows += rowsOf(statement)
    if (this.rows > rowsWithoutThread) return undefined
    try {
      this.near ??= new BatchDatabase(this.path, this.options)
      return this.near.apply(batch, false)
    } catch (error) {
      throw databaseError(failureOf(error), this.path, this.options)
    }
  }

  private writer(): Promise<BatchWriter> {
    this.closeNear()
    return (this.far ??= this.open())
  }

  private open(): Promise<BatchWriter> {
    const forget = () => {
      if (this.far === opening) this.far = undefined
    }
    const opening = BatchWriter.open(this.path, this.options, forget)
    opening.catch(forget)
    return opening
  }

  private closeNear(): void {
    this.near?.close()
    this.near = undefined
  }
}
