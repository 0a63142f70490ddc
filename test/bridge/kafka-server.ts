import { createServer, type AddressInfo } from 'node:net'
import { Kafka, logLevel, Partitioners, type Admin, type KafkaMessage, type Message } from 'kafkajs'
import type { Test } from 'tap'
import { startBridge, type Bridge, type BridgeOptions } from '../../bridge/kafka/bridge.js'
import type { BridgeReport } from '../../bridge/kafka/reports.js'
import { declaredTopics, inputsOf, type KafkaSettings } from '../../bridge/kafka/settings.js'
import type { RecordedEvent } from '../../domain/event.js'
import type { EventStore } from '../../event-store/port.js'
import { addressIn, hasDocker } from '../servers.js'

const image = 'apache/kafka:3.9.1'
let names = 0

/** The Kafka that KAFKA_BROKERS names, else one in a container if there is a container runtime. */
async function findBrokers(): Promise<{ brokers?: readonly string[]; stop?: () => Promise<unknown> }> {
  const address = addressIn('KAFKA_BROKERS')
  if (address) return { brokers: address.split(',') }
  if (!(await hasDocker())) return {}
  const { GenericContainer, Wait } = await import('testcontainers')
  const port = await freePort()
  const container = await new GenericContainer(image)
    .withExposedPorts({ container: 9092, host: port })
    .withEnvironment({
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://localhost:${port}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '1000',
    })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .start()
  return { brokers: [`localhost:${port}`], stop: () => container.stop() }
}

/** What tests ask of Kafka. */
export interface TestKafka {
  readonly brokers: readonly string[]
  readonly admin: Admin
  /** A name that no other test has. */
  name(what: string): string
  /** Creates a topic of such a name; answers the name. */
  topic(what: string, partitions?: number): Promise<string>
  send(topic: string, messages: readonly Message[]): Promise<void>
  /** All messages that a topic has now, in the order of each partition. */
  messages(topic: string): Promise<readonly ReceivedMessage[]>
  /** Commits a place in partition 0, as a consumer of the group would. */
  commit(group: string, topic: string, offset: string): Promise<void>
  /** Settings with topics of their own, created with so many partitions. */
  settings(partitions?: number): Promise<TestSettings>
  /** The shortest session that the brokers allow, in milliseconds. */
  readonly session: number
  client(): Kafka
}

export type ReceivedMessage = KafkaMessage & { readonly partition: number }

export interface TestSettings extends KafkaSettings {
  readonly agreements: string
  readonly records: string
  readonly aggregates: string
}

/**
 * Runs tests against a Kafka, or says in one line that there is none.
 */
export async function withKafka(t: Test, tests: (kafka: TestKafka) => void): Promise<void> {
  const { brokers, stop } = await findBrokers()
  if (!brokers) {
    t.pass('skipped: there is no Kafka (set KAFKA_BROKERS, or run Docker)', { skip: true })
    return
  }
  const client = () => new Kafka({ brokers: [...brokers], clientId: 'tests', logLevel: logLevel.NOTHING })
  const admin = client().admin()
  const producer = client().producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await admin.connect()
  await producer.connect()
  t.teardown(async () => {
    await producer.disconnect()
    await admin.disconnect()
    await stop?.()
  })
  const run = `${process.pid}-${Date.now().toString(36)}`
  const name = (what: string) => `test-${run}-${names++}-${what}`
  const topic = async (what: string, partitions = 1) => {
    const created = name(what)
    await admin.createTopics({ topics: [{ topic: created, numPartitions: partitions }] })
    return created
  }
  tests({
    brokers,
    admin,
    name,
    topic,
    client,
    session: await shortestSession(admin),
    send: async (to, messages) => {
      for (let from = 0; from < messages.length; from += 2_000) {
        await producer.send({ topic: to, messages: messages.slice(from, from + 2_000) })
      }
    },
    commit: (group, of, offset) => commit(client(), group, of, offset),
    messages: async (from) => {
      const ends = await admin.fetchTopicOffsets(from)
      const count = ends.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0)
      return messagesOf(client(), name('reader'), from, count)
    },
    settings: async (partitions = 1) => {
      const [agreements, records] = [
        await topic('agreements', partitions),
        await topic('records', partitions),
      ]
      const aggregates = name('aggregates')
      // What other tests publish to the topics of other records is none of ours.
      const others = declaredTopics().map((declared) => [declared, name(declared)] as const)
      const inputs = inputsOf({ topics: Object.fromEntries(others) }).map((input) => input.topic)
      await admin.createTopics({ topics: inputs.map((created) => ({ topic: created, numPartitions: 1 })) })
      return {
        brokers,
        group: name('group'),
        ssl: false,
        topics: {
          ...Object.fromEntries(others),
          agreements,
          'incoming-data-records': records,
          'data-records-aggregates': aggregates,
        },
        ...{ agreements, records, aggregates },
      }
    },
  })
}

/** A bridge with short times, stopped after the test, and what it reports. */
export function bridgeOver(
  t: Test,
  kafka: TestKafka,
  options: Omit<BridgeOptions, 'report'>,
): Bridge & { readonly reports: Reports } {
  const reports = new Reports()
  const { session } = kafka
  const bridge = startBridge({
    patience: 10_000,
    ...options,
    times: { session, heartbeat: Math.min(500, session / 5), fetch: 50, display: 100, ...options.times },
    report: (report) => reports.add(report),
  })
  t.teardown(() => bridge.stop())
  return { ...bridge, reports }
}

/** What a bridge has reported, and is going to report. */
export class Reports {
  readonly all: BridgeReport[] = []
  #waiting: { readonly wanted: (report: BridgeReport) => boolean; readonly resolve: () => void }[] = []

  add(report: BridgeReport): void {
    this.all.push(report)
    this.#waiting = this.#waiting.filter(({ wanted, resolve }) => {
      if (!wanted(report)) return true
      resolve()
      return false
    })
  }

  of<Type extends BridgeReport['type']>(type: Type): Extract<BridgeReport, { type: Type }>[] {
    return this.all.filter((report) => report.type === type) as Extract<BridgeReport, { type: Type }>[]
  }

  /** Resolves at the next such report, or at once if there has been one after so many reports. */
  async next(wanted: (report: BridgeReport) => boolean, after = 0): Promise<void> {
    if (this.all.slice(after).some(wanted)) return
    await new Promise<void>((resolve) => this.#waiting.push({ wanted, resolve }))
  }

  /** Resolves when there has been a report of this type, about this part of the bridge if one is named. */
  async met(type: BridgeReport['type'], part?: string): Promise<void> {
    await this.next((report) => {
      const what = 'what' in report ? report.what : 'partition' in report ? report.partition : undefined
      return report.type === type && (part === undefined || part === what)
    })
  }
}

/** The events of some categories, as soon as there are so many. */
export async function eventsOf(
  eventStore: EventStore,
  categories: readonly string[],
  count: number,
): Promise<readonly RecordedEvent[]> {
  const ending = new AbortController()
  const events: RecordedEvent[] = []
  for await (const page of eventStore.follow({ after: 0, limit: 5_000, categories }, ending.signal)) {
    events.push(...page.events)
    if (events.length >= count) ending.abort()
  }
  return events
}

/** Resolves when it is so. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10))
}

async function messagesOf(
  kafka: Kafka,
  groupId: string,
  topic: string,
  count: number,
): Promise<readonly ReceivedMessage[]> {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100, allowAutoTopicCreation: false })
  const messages: ReceivedMessage[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    const read = ({ partition, message }: { partition: number; message: KafkaMessage }) => {
      messages.push({ ...message, partition })
      if (messages.length >= count) resolve()
    }
    consumer
      .run({ eachMessage: async (payload) => read(payload) })
      .then(() => (count === 0 ? resolve() : undefined), reject)
  })
  await consumer.disconnect()
  return messages
}

async function commit(kafka: Kafka, groupId: string, topic: string, offset: string): Promise<void> {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100, allowAutoTopicCreation: false })
  await consumer.connect()
  await consumer.subscribe({ topic })
  const joined = new Promise((resolve) => consumer.on('consumer.group_join', resolve))
  await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async () => {} })
  await joined
  await consumer.commitOffsets([{ topic, partition: 0, offset }])
  await consumer.disconnect()
}

/** Brokers that do not tell (they are not Kafka itself) are asked for a short one. */
async function shortestSession(admin: Admin): Promise<number> {
  try {
    const { brokers } = await admin.describeCluster()
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [
        { type: 4, name: String(brokers[0]!.nodeId), configNames: ['group.min.session.timeout.ms'] },
      ],
    })
    return Number(resources[0]!.configEntries[0]!.configValue)
  } catch {
    return 1_000
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Deletes a topic and creates it again, with one partition. */
export async function makeAnew({ admin, topic }: TestKafka, name: string): Promise<void> {
  await admin.deleteTopics({ topics: [name] })
  // Brokers take a while to forget a topic.
  for (;;) {
    if (await admin.createTopics({ topics: [{ topic: name, numPartitions: 1 }] }).catch(() => false)) break
    await topic('meanwhile')
  }
}
