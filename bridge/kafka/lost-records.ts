import type { LostRecords } from '../../domain/source.js'
import { PartitionShort } from './errors.js'
import type { Limits } from './limits.js'

/** What is said of records that are lost, for people. */
export function sentenceOf({ from, to, reason }: LostRecords, high: number): string {
  if (reason === 'deleted') {
    return `the records from offset ${from} to ${to - 1} were deleted before they had been read: keep them for longer (retention.ms)`
  }
  return (
    `the topic holds other records than those that were read up to offset ${from} (it ends at ${high}): ` +
    `it was made anew, or its brokers lost records; it is read again from offset ${to}`
  )
}

/**
 * Whether a partition ends before what was read of it. That may pass: a broker that has just come to lead the partition
 * does not know yet how far it goes. If it lasts, the topic was made anew, or its brokers have lost records.
 */
export class Shortness {
  readonly #patience: number
  #since: number | undefined

  /** @param patience how long it is taken for passing, in milliseconds */
  constructor(patience: number) {
    this.#patience = patience
  }

  /**
   * @param offset what was read goes so far
   * @throws {PartitionShort} it is too early to tell
   */
  isShort(offset: number, { high }: Limits): boolean {
    if (offset <= high) {
      this.isOver()
      return false
    }
    const now = performance.now()
    this.#since ??= now
    if (now - this.#since >= this.#patience) return true
    throw new PartitionShort(`it ends at offset ${high}, and was read up to ${offset} before`)
  }

  isOver(): void {
    this.#since = undefined
  }
}
