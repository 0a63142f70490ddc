import type { Admin, Kafka } from 'kafkajs'
import { atMost, Backoff, pause } from './backoff.js'
import { KafkaRefused, KafkaUnreachable, rootOf, TopicMissing } from './errors.js'
import type { BridgeReport } from './reports.js'
import { inputsOf, outputTopicsOf, type KafkaSettings } from './settings.js'
import type { Troubles } from './troubles.js'

export interface ReachOptions {
  readonly settings: KafkaSettings
  readonly troubles: Troubles
  readonly report: (report: BridgeReport) => void
  /** How long to try, in milliseconds. */
  readonly patience: number
}

const brokersPart = 'brokers'

/**
 * Reaches the brokers, and sees to it that all topics are there: those that are read must be, those that are written are
 * created if need be.
 *
 * @returns the connection, for whoever asks the brokers something later
 * @throws {KafkaUnreachable}
 * @throws {KafkaRefused}
 * @throws {TopicMissing}
 */
export async function reachKafka(kafka: Kafka, options: ReachOptions, signal: AbortSignal): Promise<Admin> {
  const admin = kafka.admin()
  try {
    await connect(admin, options, signal)
    options.troubles.over(brokersPart)
    const topics = await findTopics(admin, options)
    options.report({ type: 'connected', topics })
    return admin
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

async function findTopics(admin: Admin, { settings, report }: ReachOptions): Promise<readonly string[]> {
  const existing = new Set(await admin.listTopics())
  const read = inputsOf(settings).map(({ topic }) => topic)
  const missing = read.filter((topic) => !existing.has(topic))
  if (missing.length > 0) {
    throw new TopicMissing(
      `Kafka has no topic ${missing.join(' and no topic ')}, or does not let us see it: create it with as many partitions ` +
        'as its records need, or say in KAFKA_TOPICS what it is called',
    )
  }
  const written = outputTopicsOf(settings).map(({ topic }) => topic)
  for (const topic of written) {
    if (existing.has(topic)) continue
    await create(admin, topic)
    report({ type: 'created', topic })
  }
  return [...read, ...written]
}

/** With as many partitions and replicas as the brokers give by default. */
async function create(admin: Admin, topic: string): Promise<void> {
  try {
    // Another bridge may create it at the same time: then it is there all the same.
    await admin.createTopics({ topics: [{ topic }], waitForLeaders: true })
  } catch (error) {
    const { errors = [] } = error as { errors?: readonly Error[] }
    const why = (errors[0] ?? rootOf(error)).message
    throw new TopicMissing(
      `Kafka has no topic ${topic} to publish to, and it could not be created (${why}): create it, or allow us to`,
      { cause: error },
    )
  }
}
