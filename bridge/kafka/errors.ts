/** What can go wrong between the bridge and Kafka. `code` is stable; docs/errors.md lists them all. */
export abstract class KafkaError extends Error {
  abstract readonly code: string
  override get name(): string {
    return this.constructor.name
  }
}

/** No broker could be reached for as long as the bridge waits at start. */
export class KafkaUnreachable extends KafkaError {
  readonly code = 'kafka-unreachable'
}

/** The brokers do not let us in. */
export class KafkaRefused extends KafkaError {
  readonly code = 'kafka-refused'
}

/** A topic that is read does not exist, or one that is written cannot be created. */
export class TopicMissing extends KafkaError {
  readonly code = 'topic-missing'
}

/** The schema registry does not answer as it should. The records that need it wait. */
export class SchemaRegistryUnavailable extends KafkaError {
  readonly code = 'schema-registry-unavailable'
}

/** A partition ends before what was read of it. Its leader may be behind, or the topic was made anew. */
export class PartitionShort extends KafkaError {
  readonly code = 'partition-short'
}

/** Is it an error of the client library? They have no common class that it exports to modules. */
export function isClientError(error: unknown): error is Error {
  return error instanceof Error && error.name.startsWith('KafkaJS')
}

/** What went wrong at the bottom of it: the client library wraps errors in errors. Ours say what matters themselves. */
export function rootOf(error: unknown): Error {
  let root = error instanceof Error ? error : new Error(String(error))
  while (isClientError(root) && root.cause instanceof Error && root.cause !== root) root = root.cause
  return root
}

/** Why the client gave up, with advice where there is any. */
export function explained(error: Error, { group }: { readonly group: string }): Error {
  const { type = '' } = error as Error & { readonly type?: string }
  if (type.endsWith('AUTHORIZATION_FAILED')) {
    return new KafkaRefused(
      `Kafka does not allow this user to do its work (${error.message}): allow it to read the topics, ` +
        `to write to the outputs, and to be in the group ${group}`,
      { cause: error },
    )
  }
  return error
}
