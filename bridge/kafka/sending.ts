import { Partitioners, type Kafka, type Message, type Producer, type RecordMetadata } from 'kafkajs'
import { rootOf } from './errors.js'

/** Runs work until it does not fail any more; throws what makes it useless to go on. */
export type Again = <T>(work: () => Promise<T>) => Promise<T>

/** The brokers and this producer disagree on what was sent, or where to: only another producer can go on. */
export class SequenceBroken extends Error {
  override get name(): string {
    return 'SequenceBroken'
  }
}

/**
 * Sends messages to one topic, each once as long as this producer lives: the brokers know a repetition by its number. So
 * what fails is sent again by the same producer, as it was. And a request is for one partition: of one for several, the
 * library repeats under new numbers what one broker has taken, if another one fails.
 */
export class Sending {
  readonly #topic: string
  readonly #producer: Producer
  readonly #partitionOf: (message: Message) => number

  private constructor(topic: string, producer: Producer, partitionOf: (message: Message) => number) {
    this.#topic = topic
    this.#producer = producer
    this.#partitionOf = partitionOf
  }

  static async open(kafka: Kafka, topic: string): Promise<Sending> {
    const partitionMetadata = await partitionsOf(kafka, topic)
    const partitioner = Partitioners.DefaultPartitioner()
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: Partitioners.DefaultPartitioner,
    })
    await producer.connect()
    return new Sending(topic, producer, (message) => partitioner({ topic, partitionMetadata, message }))
  }

  /**
   * Sends a page. Messages of one partition keep their order.
   *
   * @throws {SequenceBroken}
   */
  async send(messages: readonly Message[], again: Again): Promise<void> {
    const partitions = new Map<number, Message[]>()
    for (const message of messages) {
      const partition = this.#partitionOf(message)
      const others = partitions.get(partition)
      if (others) others.push({ ...message, partition })
      else partitions.set(partition, [{ ...message, partition }])
    }
    for (const [partition, all] of partitions) {
      for (const page of pagesOf(all)) await again(() => this.#sendPage(partition, page))
    }
  }

  close(): Promise<void> {
    return this.#producer.disconnect()
  }

  async #sendPage(partition: number, messages: Message[]): Promise<void> {
    const taken = await this.#taken(messages)
    // Of a partition that it does not know, the library sends nothing and says nothing.
    if (taken.every((one) => one.partition !== partition))
      throw new SequenceBroken(`${this.#topic} has no partition ${partition} any more, or not yet`)
  }

  async #taken(messages: Message[]): Promise<readonly RecordMetadata[]> {
    try {
      return await this.#producer.send({ topic: this.#topic, acks: -1, messages })
    } catch (error) {
      const { type, message } = rootOf(error) as Error & { readonly type?: string }
      if (type !== undefined && broken.has(type)) throw new SequenceBroken(message, { cause: error })
      const advice = type === undefined ? undefined : advices.get(type)
      throw advice === undefined
        ? error
        : new Error(`${message} ${advice} of ${this.#topic}`, { cause: error })
    }
  }
}

const broken: ReadonlySet<string> = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'DUPLICATE_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
])

/** What to do about topics that take less than ours do (see reach.ts). */
const advices: ReadonlyMap<string, string> = new Map([
  ['INVALID_TIMESTAMP', 'Messages are dated by what they tell of: raise message.timestamp.after.max.ms'],
  ['MESSAGE_TOO_LARGE', 'Raise max.message.bytes'],
])

/** Brokers take about a megabyte at once by default, for one partition. */
const bytesAPage = 512 * 1024

/** Messages in pages that brokers take. */
function* pagesOf(messages: readonly Message[]): Generator<Message[], void, void> {
  let page: Message[] = []
  let bytes = 0
  for (const message of messages) {
    const size = Buffer.byteLength(message.value ?? '')
    if (bytes + size > bytesAPage && page.length > 0) {
      yield page
      page = []
      bytes = 0
    }
    page.push(message)
    bytes += size
  }
  if (page.length > 0) yield page
}

async function partitionsOf(kafka: Kafka, topic: string) {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0]?.partitions ?? []
  } finally {
    await admin.disconnect()
  }
}
