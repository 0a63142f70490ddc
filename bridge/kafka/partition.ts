import type { Batch, KafkaMessage } from 'kafkajs'
import type { EventStore } from '../../commands/intake.js'
import { lastClaim, SourceReader, standingOf } from '../../commands/read-source.js'
import {
  partitionCoordinate,
  placeAfter,
  sourceStream,
  type LostRecords,
  type PartitionPlace,
} from '../../domain/source.js'
import { arrivalAt } from '../arrivals.js'
import type { AvroDecoder } from './avro.js'
import type { BridgeFigures } from './figures.js'
import type { Limits } from './limits.js'
import { Shortness, sentenceOf } from './lost-records.js'
import { recordOf } from './message.js'
import type { BridgeReport } from './reports.js'
import type { Input } from './settings.js'

export interface PartitionOptions {
  readonly eventStore: EventStore
  readonly group: string
  readonly avro: AvroDecoder
  readonly figures: BridgeFigures
  readonly report: (report: BridgeReport) => void
  /** How many records are appended at a time, at most. */
  readonly recordsAPage: number
  /** How long a partition may seem to end before what was read of it, in milliseconds: a new leader may be behind. */
  readonly shortPatience: number
}

/** How the consumer goes along with the reading of a batch. */
export interface Flow {
  /** Whether the batch may be read on: not if the group has been told otherwise meanwhile. */
  readonly mayGoOn: () => boolean
  /** After every page: tells the group that we live. Throws what stops the reading. */
  readonly beat: () => Promise<void>
  /** Everything up to this offset is in the log, and so many records are still to come. */
  readonly taken: (offset: string, lag: number) => void
  readonly limits: () => Promise<Limits>
}

/**
 * One partition, read into the log exactly once. Where reading stands comes out of the log; what Kafka says about it is
 * for display. Only records that follow on what was read are taken, whatever batches the consumer brings.
 */
export class PartitionReader {
  readonly name: string
  readonly stream: string
  readonly #options: PartitionOptions
  readonly #input: Input
  #reader: SourceReader<PartitionPlace> | undefined
  /** The record before the next one is looked at again: is it still the same? */
  #unverified: PartitionPlace['last']
  /** Where the consumer goes on after records that it does not show: those of aborted transactions, and markers. */
  #skippedTo: number | undefined
  readonly #shortness: Shortness
  #turn: Promise<unknown> = Promise.resolve()

  constructor(
    options: PartitionOptions,
    input: Input,
    readonly partition: number,
  ) {
    this.#options = options
    this.#input = input
    this.#shortness = new Shortness(options.shortPatience)
    this.name = `${input.topic}/${partition}`
    this.stream = sourceStream(input.kind, `kafka-${input.topic}-${partition}`)
  }

  get topic(): string {
    return this.#input.topic
  }

  /** The next offset to read, if this reader holds the partition. */
  get offset(): number | undefined {
    return this.#reader && Math.max(this.#reader.state.offset, this.#skippedTo ?? 0)
  }

  /**
   * Claims the partition, unless it is held already.
   *
   * @returns the offset to fetch from
   * @throws {SourceFenced} somebody else claims it at this moment
   * @throws {PartitionShort} ask again
   */
  claim(member: string, limits: Limits): Promise<number> {
    return this.#inTurn(async () => {
      const { eventStore, group } = this.#options
      const claimed = { source: `kafka:${this.name}`, group, member }
      this.#reader ??= await SourceReader.claim<PartitionPlace>(eventStore, this.stream, claimed, {
        offset: limits.low,
      })
      this.#skippedTo = undefined
      this.#unverified = undefined
      const { offset, last } = this.#reader.state
      if (offset < limits.low) return this.#lose(this.#reader, limits, 'deleted')
      if (this.#shortness.isShort(offset, limits)) return this.#lose(this.#reader, limits, 'replaced')
      if (!last || last.offset < limits.low) return offset
      this.#unverified = last
      return last.offset
    })
  }

  /** Somebody else holds the partition now. */
  release(): void {
    this.#reader = undefined
  }

  /** Who has claimed the partition last. */
  claimant() {
    return lastClaim(this.#options.eventStore, this.stream)
  }

  /** Where the stream of the partition ends, and how far whoever holds it says to be. */
  async standing(): Promise<{ readonly revision: number; readonly offset: number }> {
    const start: PartitionPlace = { offset: 0 }
    const { revision, place } = await standingOf(this.#options.eventStore, this.stream, start)
    return { revision, offset: place.offset }
  }

  /** The consumer has passed over records that it does not show. */
  skipped(to: number): void {
    this.#skippedTo = to
  }

  /**
   * Takes a batch in, page by page.
   *
   * @returns where to fetch from instead, if the batch does not follow on what was read
   * @throws {SourceFenced}
   * @throws {SchemaRegistryUnavailable}
   * @throws {PartitionShort} claim the partition again
   */
  read(batch: Batch, flow: Flow): Promise<number | undefined> {
    return this.#inTurn(async () => {
      const reader = this.#reader
      if (!reader || !flow.mayGoOn()) return undefined
      const { offset } = reader.state
      const fetched = fetchedOffset(batch)
      if (fetched > offset && fetched !== this.#skippedTo) return this.#misplaced(reader, await flow.limits())
      if (this.#isReplaced(batch)) return this.#lose(reader, await flow.limits(), 'replaced')
      if (fetched <= (this.#unverified?.offset ?? -1)) this.#unverified = undefined
      if (Number(batch.lastOffset()) < offset) return this.#misplaced(reader, await flow.limits())
      await this.#readPages(reader, batch, flow)
      return undefined
    })
  }

  /** Finishes the page in hand, and says where reading stands. */
  settle(): Promise<void> {
    return this.#inTurn(async () => this.#reader?.settle())
  }

  async #readPages(reader: SourceReader<PartitionPlace>, batch: Batch, flow: Flow): Promise<void> {
    const { offset } = reader.state
    const messages = batch.messages.filter((message) => Number(message.offset) >= offset)
    const { recordsAPage } = this.#options
    for (let from = 0; from < messages.length && flow.mayGoOn(); from += recordsAPage) {
      const page = messages.slice(from, from + recordsAPage)
      const last = page.at(-1)
      if (!last) break
      const isEnd = from + page.length === messages.length
      await this.#take(reader, page, {
        // After the last message there may be markers of transactions.
        offset: Number(isEnd ? batch.lastOffset() : last.offset) + 1,
        last: { offset: Number(last.offset), timestamp: Number(last.timestamp) },
      })
      flow.taken(last.offset, Number(batch.highWatermark) - reader.state.offset)
      await flow.beat()
    }
    if (messages.length === 0) {
      this.#skippedTo = Number(batch.lastOffset()) + 1
      flow.taken(batch.lastOffset(), Number(batch.highWatermark) - this.#skippedTo)
    }
  }

  async #take(
    reader: SourceReader<PartitionPlace>,
    page: readonly KafkaMessage[],
    next: PartitionPlace,
  ): Promise<void> {
    const { avro, figures } = this.#options
    const { kind, topic } = this.#input
    const arrivals = []
    for (const message of page) {
      const coordinate = partitionCoordinate(this.name, reader.state, message.offset)
      const arrival = arrivalAt(kind, await recordOf(message, avro), coordinate)
      if (arrival) arrivals.push(arrival)
    }
    const ignored = page.length - arrivals.length
    const taken = await reader.take(arrivals, ignored, placeAfter(reader.state, next))
    const { appended, duplicates, rejected } = taken
    figures.records(topic, 'ignored', ignored + taken.ignored)
    figures.records(topic, 'appended', appended)
    figures.records(topic, 'duplicate', duplicates)
    figures.records(topic, 'rejected', rejected.length)
  }

  /** Does another record stand where the last one that was read stood? */
  #isReplaced(batch: Batch): boolean {
    const expected = this.#unverified
    const found = expected && batch.messages.find(({ offset }) => Number(offset) === expected.offset)
    return found !== undefined && Number(found.timestamp) !== expected?.timestamp
  }

  /** The consumer is not where we stand: it was sent to another place, or there is no such place any more. */
  async #misplaced(reader: SourceReader<PartitionPlace>, limits: Limits): Promise<number> {
    const { offset } = reader.state
    if (offset < limits.low) return this.#lose(reader, limits, 'deleted')
    return this.#shortness.isShort(offset, limits) ? this.#lose(reader, limits, 'replaced') : offset
  }

  /** Goes on with the earliest record that there is. */
  async #lose(
    reader: SourceReader<PartitionPlace>,
    { low, high }: Limits,
    reason: LostRecords['reason'],
  ): Promise<number> {
    const { figures, report } = this.#options
    const lost: LostRecords = { from: reader.state.offset, to: low, reason }
    await reader.lose(lost, placeAfter(reader.state, { offset: low }, reason === 'replaced'))
    this.#unverified = undefined
    this.#skippedTo = undefined
    this.#shortness.isOver()
    figures.lost(this.topic, lost)
    report({ type: 'lost', partition: this.name, lost, detail: sentenceOf(lost, high) })
    return low
  }

  /** Claiming, reading and settling never overlap. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }
}

/** The offset that was asked for. The library keeps it with a batch, and does not declare it. */
function fetchedOffset(batch: Batch): number {
  const { fetchedOffset } = batch as Batch & { readonly fetchedOffset?: string }
  if (fetchedOffset === undefined) throw new TypeError('this version of kafkajs does not say what it fetched')
  return Number(fetchedOffset)
}
