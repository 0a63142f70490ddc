import { kindNames, kindTopics, type KindName } from '../formats/kind-names.js'
import { outputs, type OutputName } from './outputs.js'

/** How the bridge reaches Kafka, and what it reads and writes there. */
export interface KafkaSettings {
  /** `host:port` of some of the brokers; the others are found through them. */
  readonly brokers: readonly string[]
  /** The consumer group. All bridges of one log belong to one group. */
  readonly group: string
  /** Topics that have another name than the one they are declared with: declared name to real name. */
  readonly topics: Readonly<Record<string, string>>
  /** TLS; with certificates of authorities in PEM, only those are trusted. */
  readonly ssl: boolean | { readonly ca: string }
  readonly sasl?: Sasl
}

export interface Sasl {
  readonly mechanism: SaslMechanism
  readonly username: string
  readonly password: string
}

export const saslMechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const
export type SaslMechanism = (typeof saslMechanisms)[number]

/** A topic that is read, and what its records are. */
export interface Input {
  readonly kind: KindName
  readonly topic: string
}

/** The names by which topics are declared: those of every kind of records, and those of the outputs. */
export function declaredTopics(): readonly string[] {
  return [...Object.values(kindTopics), ...Object.keys(outputs)]
}

/** The topics to read. */
export function inputsOf({ topics }: Pick<KafkaSettings, 'topics'>): readonly Input[] {
  return kindNames.map((kind) => {
    const topic = kindTopics[kind]
    return { kind, topic: topics[topic] ?? topic }
  })
}

/** The topics to publish to, by the names of their outputs. */
export function outputTopicsOf({
  topics,
}: Pick<KafkaSettings, 'topics'>): readonly { readonly output: OutputName; readonly topic: string }[] {
  return (Object.keys(outputs) as OutputName[]).map((output) => ({
    output,
    topic: topics[output] ?? output,
  }))
}
