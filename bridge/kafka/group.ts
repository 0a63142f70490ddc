import type { Admin, Consumer, Kafka } from 'kafkajs'
import { rootOf } from './errors.js'
import { HeldPartition, type Assignment, type Fetching } from './held-partition.js'
import { limitsNow } from './limits.js'
import { isAssigned } from './membership.js'
import { PartitionReader, type PartitionOptions } from './partition.js'
import type { Input, KafkaSettings } from './settings.js'
import type { Troubles } from './troubles.js'

/** How the group is kept together, in milliseconds. */
export interface GroupTimes {
  /** A member that has not been heard of for so long is taken for dead. */
  readonly session: number
  readonly heartbeat: number
  /** How long the brokers wait for something to fetch. Whoever wants to fetch from elsewhere, or to stop, waits as long. */
  readonly fetch: number
  /** How often the place is committed to the broker, and how far the end is away looked up: for display. */
  readonly display: number
  /** How long a partition is left to a reader of another group without any progress. */
  readonly abandoned: number
}

export interface GroupOptions extends PartitionOptions {
  readonly settings: KafkaSettings
  readonly inputs: readonly Input[]
  /** Of its own. */
  readonly kafka: Kafka
  readonly admin: Admin
  readonly troubles: Troubles
  readonly times: GroupTimes
  /** One member of a group leads it: it publishes. */
  readonly onLeader: (leader: boolean, member: string) => void
}

/**
 * A member of the consumer group. The group decides who reads which partition; the log decides from where, and whose
 * pages are taken: a member that has lost a partition and does not know it yet is fenced.
 */
export class GroupReader {
  readonly #options: GroupOptions
  readonly #consumer: Consumer
  readonly #inputs: ReadonlyMap<string, Input>
  readonly #fetching: Fetching
  readonly #held = new Map<string, HeldPartition>()
  #assignment: Assignment = { member: '', over: true }
  #stopping = false
  #display: NodeJS.Timeout | undefined
  readonly #committed = new Map<string, number>()
  /** Resolves with the reason when the consumer has given up. */
  readonly crashed: Promise<Error>

  private constructor(options: GroupOptions) {
    const { kafka, settings, inputs, report, times, figures, troubles, admin } = options
    this.#options = options
    this.#inputs = new Map(inputs.map((input) => [input.topic, input]))
    const consumer = kafka.consumer({
      groupId: settings.group,
      sessionTimeout: times.session,
      heartbeatInterval: times.heartbeat,
      rebalanceTimeout: Math.max(times.session, 30_000),
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: times.fetch,
      maxBytesPerPartition: 1024 * 1024,
      maxBytes: 8 * 1024 * 1024,
      metadataMaxAge: 60_000,
      retry: { retries: 10, restartOnFailure: async () => Promise.resolve(false) },
    })
    this.#consumer = consumer
    this.crashed = new Promise((resolve) => {
      consumer.on('consumer.crash', ({ payload }) => resolve(rootOf(payload.error)))
    })
    const seek = ({ topic, partition }: PartitionReader, offset: number) =>
      consumer.seek({ topic, partition, offset: String(offset) })
    this.#fetching = {
      ...{ group: settings.group, heartbeat: times.heartbeat, abandoned: times.abandoned },
      ...{ figures, troubles, report, seek },
      limits: () => limitsNow(admin),
      pause: ({ topic, partition }) => consumer.pause([{ topic, partitions: [partition] }]),
      fetchFrom: (reader, offset) => {
        seek(reader, offset)
        consumer.resume([{ topic: reader.topic, partitions: [reader.partition] }])
      },
      isAssigned: (reader, member) => isAssigned(admin, settings.group, member, reader),
    }
  }

  /** Joins the group and begins to read. */
  static async join(options: GroupOptions): Promise<GroupReader> {
    const group = new GroupReader(options)
    try {
      await group.#run()
    } catch (error) {
      await group.stop()
      throw error
    }
    return group
  }

  async #run(): Promise<void> {
    const consumer = this.#consumer
    consumer.on('consumer.group_join', ({ payload }) => {
      const { memberId, memberAssignment, isLeader } = payload
      if (!this.#stopping) this.#assigned(memberId, memberAssignment, isLeader)
    })
    consumer.on('consumer.start_batch_process', ({ payload }) => {
      const { topic, partition, batchSize, lastOffset } = payload
      if (batchSize === 0) this.#held.get(`${topic}/${partition}`)?.reader.skipped(Number(lastOffset) + 1)
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [...this.#inputs.keys()], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 4,
      eachBatch: async (payload) => {
        const { topic, partition } = payload.batch
        await this.#held.get(`${topic}/${partition}`)?.read(payload)
      },
    })
    let isBusy = false
    this.#display = setInterval(() => {
      if (isBusy) return
      isBusy = true
      this.#show()
        .catch((error: unknown) => {
          // The client has left the group by itself: it joins again, or says that it gives up.
          this.#options.report({ type: 'client', part: 'consumer', message: rootOf(error).message })
        })
        .finally(() => (isBusy = false))
    }, this.#options.times.display)
  }

  /** Finishes the pages in hand, says in the log and to the brokers how far they go, and leaves the group. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#assignment.over = true
    clearInterval(this.#display)
    const { report } = this.#options
    const settled = [...this.#held.values()].map(({ reader }) =>
      reader.settle().catch((error: unknown) => {
        // Whoever reads on looks at the last page again.
        report({ type: 'client', part: reader.name, message: rootOf(error).message })
      }),
    )
    await Promise.all(settled)
    await this.#commit()
    await this.#consumer.disconnect().catch((error: unknown) => {
      report({ type: 'client', part: 'consumer', message: rootOf(error).message })
    })
    for (const held of this.#held.values()) held.end()
    this.#held.clear()
  }

  /**
   * The group has been put together anew. Nothing is fetched of its partitions until they are claimed: the library would
   * begin where the brokers think that we are.
   */
  #assigned(member: string, topics: Readonly<Record<string, readonly number[]>>, leader: boolean): void {
    this.#assignment.over = true
    const assignment = { member, over: false }
    this.#assignment = assignment
    const names: string[] = []
    const limitsOf = limitsNow(this.#options.admin)
    for (const [topic, partitions] of Object.entries(topics)) {
      for (const partition of partitions) {
        const name = `${topic}/${partition}`
        names.push(name)
        const held = this.#held.get(name) ?? this.#hold(topic, partition)
        this.#held.set(name, held)
        this.#fetching.pause(held.reader)
        void held.begin(assignment, limitsOf)
      }
    }
    for (const [name, held] of this.#held) {
      if (names.includes(name)) continue
      this.#held.delete(name)
      this.#committed.delete(name)
      held.end()
    }
    this.#options.report({ type: 'assigned', member, partitions: names.sort(), leader })
    this.#options.onLeader(leader, member)
  }

  #hold(topic: string, partition: number): HeldPartition {
    const input = this.#inputs.get(topic)
    if (!input) throw new RangeError(`the group assigned the topic ${topic}, which nobody asked for`)
    const reader = new PartitionReader(this.#options, input, partition)
    return new HeldPartition(reader, this.#fetching, this.#assignment)
  }

  /** For people who look: how far this member is, at the brokers, and what is still to come, in the figures. */
  async #show(): Promise<void> {
    await this.#commit()
    const limitsOf = limitsNow(this.#options.admin)
    for (const held of this.#held.values()) {
      await held.look()
      const { reader } = held
      const { topic, partition, offset } = reader
      const limits = await limitsOf(topic, partition).catch(() => undefined)
      if (!limits || offset === undefined || reader.offset !== offset) continue
      if (this.#held.has(reader.name)) this.#options.figures.lag(topic, partition, limits.high - offset)
    }
  }

  async #commit(): Promise<void> {
    const due = [...this.#held.values()].flatMap(({ reader: { name, topic, partition, offset } }) =>
      offset === undefined || offset === this.#committed.get(name)
        ? []
        : [{ name, topic, partition, offset }],
    )
    if (due.length === 0) return
    try {
      await this.#consumer.commitOffsets(
        due.map(({ offset, ...place }) => ({ ...place, offset: String(offset) })),
      )
      for (const { name, offset } of due) this.#committed.set(name, offset)
    } catch {
      // What is wrong with the group, heartbeats tell.
    }
  }
}
