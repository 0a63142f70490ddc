import type { Batch, Outcome } from './batch.js'
import { BatchWriter } from './batch-writer.js'
import type { OpenOptions } from './driver.js'

/**
 * A writer whose thread is started by the first batch. After it has died, or could not be started, the next batch starts
 * another one.
 */
export class LateWriter {
  private opened: Promise<BatchWriter> | undefined

  constructor(
    private readonly path: string,
    private readonly options: OpenOptions,
  ) {}

  /** @throws what {@link BatchWriter.open} and {@link BatchWriter.apply} throw */
  async apply(batch: Batch): Promise<Outcome> {
    const writer = (this.opened ??= this.open())
    return (await writer).apply(batch)
  }

  async close(): Promise<void> {
    await (await this.opened?.catch(() => undefined))?.close()
  }

  private open(): Promise<BatchWriter> {
    const forget = () => {
      if (this.opened === opening) this.opened = undefined
    }
    const opening = BatchWriter.open(this.path, this.options, forget)
    opening.catch(forget)
    return opening
  }
}
