import { readFileSync } from 'node:fs'
import { declaredTopics, saslMechanisms, type KafkaSettings, type Sasl } from '../bridge/kafka/settings.js'
import { httpAddressOf } from './http-address.js'
import { InvalidSetting } from './invalid-setting.js'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * What the environment says about Kafka; undefined if it names no brokers. No value that may hold a secret is part of a
 * message.
 *
 * @throws {InvalidSetting}
 */
export function kafkaSettings(env: Environment): KafkaSettings | undefined {
  // Without brokers, too, what is set is to be right.
  const sasl = saslOf(env)
  const rest = {
    // Two logs on the same brokers would share the records of one group, each having a part of them.
    group: groupOf(
      env.KAFKA_GROUP || (env.TIDEMARK_NAMESPACE ? `tidemark-${env.TIDEMARK_NAMESPACE}` : 'tidemark'),
    ),
    topics: topicsOf(env.KAFKA_TOPICS || ''),
    ssl: sslOf(env),
    ...(sasl ? { sasl } : {}),
  }
  return env.KAFKA_BROKERS ? { brokers: brokersOf(env.KAFKA_BROKERS), ...rest } : undefined
}

/**
 * The address of the schema registry; undefined if there is none.
 *
 * @throws {InvalidSetting}
 */
export function schemaRegistryOf(value: string | undefined): string | undefined {
  return value ? httpAddressOf('SCHEMA_REGISTRY_URL', value, 'http://localhost:8081') : undefined
}

function brokersOf(value: string): readonly string[] {
  const brokers = value.split(',').map((broker) => broker.trim())
  for (const broker of brokers) {
    const [, host, port] = /^(\[[0-9a-f:.]+\]|[^\s:/@[\]]+):(\d{1,5})$/i.exec(broker) ?? []
    if (host === undefined || Number(port) < 1 || Number(port) > 65535) {
      const shown = broker.includes('@') ? '' : `has ${JSON.stringify(broker)}, which `
      throw new InvalidSetting(
        `KAFKA_BROKERS ${shown}is no broker: it takes host:port, with commas between, and no credentials`,
      )
    }
  }
  return brokers
}

function groupOf(value: string): string {
  if (!/^[\w.-]{1,200}$/.test(value)) {
    throw new InvalidSetting(`KAFKA_GROUP is ${JSON.stringify(value)}: it takes letters, digits, ., _ and -`)
  }
  return value
}

/** `agreements=prod.agreements,…`: a declared name, and what the topic is called here. */
function topicsOf(value: string): Readonly<Record<string, string>> {
  const declared = declaredTopics()
  const topics: Record<string, string> = {}
  for (const pair of value.split(',').filter((pair) => pair.trim() !== '')) {
    const [name = '', topic = '', ...more] = pair.split('=').map((part) => part.trim())
    if (!declared.includes(name) || more.length > 0 || !/^[\w.-]{1,249}$/.test(topic)) {
      throw new InvalidSetting(
        `KAFKA_TOPICS has ${JSON.stringify(pair)}: it takes <name>=<topic>, with commas between; ` +
          `names are ${declared.join(', ')}`,
      )
    }
    topics[name] = topic
  }
  const used = declared.map((name) => topics[name] ?? name)
  const twice = used.find((topic, index) => used.indexOf(topic) !== index)
  if (twice !== undefined) throw new InvalidSetting(`KAFKA_TOPICS has the topic ${twice} for two uses`)
  return topics
}

function sslOf(env: Environment): KafkaSettings['ssl'] {
  const value = env.KAFKA_SSL || 'false'
  if (value !== 'true' && value !== 'false') {
    throw new InvalidSetting(`KAFKA_SSL is ${JSON.stringify(value)}: it takes true or false`)
  }
  const path = env.KAFKA_SSL_CA
  if (!path) return value === 'true'
  if (value === 'false') throw new InvalidSetting('KAFKA_SSL_CA is set, but KAFKA_SSL is not true')
  try {
    return { ca: readFileSync(path, 'utf8') }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new InvalidSetting(`KAFKA_SSL_CA is no file that can be read: ${why}`)
  }
}

function saslOf(env: Environment): Sasl | undefined {
  const { KAFKA_SASL_MECHANISM: wanted, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = env
  if (!wanted && !username && !password) return undefined
  const mechanism = saslMechanisms.find((known) => known === (wanted || 'plain').toLowerCase())
  if (!mechanism) {
    throw new InvalidSetting(
      `KAFKA_SASL_MECHANISM is ${JSON.stringify(wanted)}: it takes one of ${saslMechanisms.join(', ')}`,
    )
  }
  if (!username || !password) {
    const missing = username ? 'KAFKA_SASL_PASSWORD' : 'KAFKA_SASL_USERNAME'
    throw new InvalidSetting(`${missing} is not set: credentials for Kafka are a username and a password`)
  }
  return { mechanism, username, password }
}
