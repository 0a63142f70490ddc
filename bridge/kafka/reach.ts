import type { Admin, Kafka } from 'kafkajs'
import { atMost, Backoff, pause } from './backoff.js'
import { KafkaRefused, KafkaUnreachable, rootOf, TopicMissing } from './errors.js'
import type { BridgeReport } from './reports.js'
import { inputsOf, outputTopicsOf, type Input, type KafkaSettings } from './settings.js'
import type { Troubles } from './troubles.js'

export interface ReachOptions {
  readonly settings: KafkaSettings
  readonly troubles: Troubles
  readonly report: (report: BridgeReport) => void
  /** How long to try, in milliseconds. */
  readonly patience: number
}

const brokersPart = 'brokers'
/** How often to look whether an absent topic has come, in milliseconds. */
const lookAgainAfter = 10_000

/** The brokers, reached. */
export interface Reached {
  /** The connection, for whoever asks the brokers something later. */
  readonly admin: Admin
  /** What can be read. */
  readonly inputs: readonly Input[]
  /** Topics that would be read, and do not exist. */
  readonly absent: readonly string[]
}

/**
 * Reaches the brokers, and looks which topics are there. Of those that are read, one must be, and those to which the
 * settings give a name; not everybody brings every kind of records. Those that are written are created if need be.
 *
 * @throws {KafkaUnreachable}
 * @throws {KafkaRefused}
 * @throws {TopicMissing}
 */
export async function reachKafka(kafka: Kafka, options: ReachOptions, signal: AbortSignal): Promise<Reached> {
  const admin = kafka.admin()
  try {
    await connect(admin, options, signal)
    options.troubles.over(brokersPart)
    return await findTopics(admin, options)
  } catch (error) {
    // Whoever made the client ends its connections.
    admin.disconnect().catch(() => {})
    throw error
  }
}

async function connect(
  admin: Admin,
  { settings, troubles, patience }: ReachOptions,
  signal: AbortSignal,
): Promise<void> {
  const until = performance.now() + patience
  const backoff = new Backoff(500, 5_000)
  const brokers = settings.brokers.join(', ')
  let root = new Error('they take connections, and do not answer')
  for (;;) {
    try {
      if (await atMost(until - performance.now(), admin.connect(), signal)) return
    } catch (error) {
      root = rootOf(error)
      if (root.name === 'KafkaJSSASLAuthenticationError') {
        throw new KafkaRefused(
          `Kafka at ${brokers} refuses the credentials (${root.message}): check KAFKA_SASL_MECHANISM, ` +
            'KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
          { cause: error },
        )
      }
    }
    signal.throwIfAborted()
    const wait = backoff.next()
    if (performance.now() + wait > until) throw unreachable(brokers, settings, patience, root)
    troubles.met(brokersPart, root, wait)
    await pause(wait, signal)
    signal.throwIfAborted()
  }
}

function unreachable(
  brokers: string,
  { ssl, sasl }: KafkaSettings,
  patience: number,
  root: Error,
): KafkaUnreachable {
  const secured = sasl && ssl === false ? ', and whether they want TLS (KAFKA_SSL=true)' : ''
  const advice =
    ssl === false && !sasl
      ? 'check KAFKA_BROKERS, that they run, and whether they want TLS or credentials (KAFKA_SSL, KAFKA_SASL_…)'
      : `check KAFKA_BROKERS, that they run${secured}, and the certificate (KAFKA_SSL_CA)`
  const seconds = Math.round(patience / 1000)
  const why = root.message.replaceAll(/\s+/g, ' ').trim()
  return new KafkaUnreachable(`no Kafka broker of ${brokers} answered for ${seconds} s (${why}): ${advice}`, {
    cause: root,
  })
}

async function findTopics(admin: Admin, { settings, report }: ReachOptions): Promise<Reached> {
  const existing = new Set(await admin.listTopics())
  const [inputs, missing] = [inputsOf(settings), [] as Input[]]
  for (const input of inputs) if (!existing.has(input.topic)) missing.push(input)
  const absent = missing.map(({ topic }) => topic)
  const named = new Set(Object.values(settings.topics))
  if (missing.length === inputs.length || absent.some((topic) => named.has(topic))) {
    const wanted = missing.length === inputs.length ? absent : absent.filter((topic) => named.has(topic))
    throw new TopicMissing(
      `Kafka has no topic ${wanted.join(' and no topic ')}, or does not let us see it: create it with as many partitions ` +
        'as its records need, or say in KAFKA_TOPICS what it is called',
    )
  }
  const written = outputTopicsOf(settings).map(({ topic }) => topic)
  for (const topic of written) {
    if (existing.has(topic)) continue
    await createOutput(admin, topic)
    report({ type: 'created', topic })
  }
  const there = inputs.filter((input) => !missing.includes(input))
  report({ type: 'connected', topics: [...there.map(({ topic }) => topic), ...written] })
  if (absent.length > 0) report({ type: 'absent', topics: absent })
  return { admin, inputs: there, absent }
}

/** Resolves when one of the topics exists; never, if there are none or `signal` aborts. */
export async function untilOneExists(
  admin: Admin,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  while (topics.length > 0 && !signal.aborted) {
    await pause(lookAgainAfter, signal)
    // Brokers that do not answer are noticed by whoever reads.
    const existing = await admin.listTopics().catch(() => [])
    if (!signal.aborted && existing.some((topic) => topics.includes(topic))) return
  }
  await new Promise(() => {})
}

/**
 * Messages are dated by what they tell of: of a month that has not ended, or of one long ago. By default Kafka 4 refuses
 * the one, and deletes the other as soon as it looks.
 */
const configEntries = [
  { name: 'message.timestamp.after.max.ms', value: String(2n ** 63n - 1n) },
  { name: 'retention.ms', value: '-1' },
]

/**
 * Creates a topic to publish to, with as many partitions and replicas as the brokers give by default.
 *
 * @throws {TopicMissing} the brokers do not allow it
 */
export async function createOutput(admin: Admin, topic: string): Promise<void> {
  try {
    // Another bridge may create it at the same time: then it is there all the same.
    await admin.createTopics({ topics: [{ topic, configEntries }], waitForLeaders: true })
  } catch (error) {
    const { errors = [] } = error as { errors?: readonly Error[] }
    const why = (errors[0] ?? rootOf(error)).message
    throw new TopicMissing(
      `Kafka has no topic ${topic} to publish to, and it could not be created (${why}): create it, or allow us to`,
      { cause: error },
    )
  }
}
