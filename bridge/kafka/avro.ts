import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import { faultCodes, type FaultCode } from '../../domain/fault.js'
import { refused, type InvalidRecord } from '../../domain/invalid-record.js'
import { SchemaRegistryUnavailable } from './errors.js'

/** How long the registry may take to answer, in milliseconds. */
const patience = 5_000
/** What the registry says where it has no such schema. */
const schemaNotFound = 40403
/** The magic byte and the id of the schema. */
const headerLength = 5

/** Decodes values in Confluent's wire format: a zero byte, the id of a schema, and the value in Avro. */
export interface AvroDecoder {
  /**
   * The value as JSON has it. Fields that are null are left out: Avro has no other way to say so.
   *
   * @throws {InvalidRecord} the value cannot be decoded, now or ever
   * @throws {SchemaRegistryUnavailable} try again
   */
  decode(raw: Buffer): Promise<unknown>
}

/** Is this a value in Confluent's wire format? Neither JSON nor CSV begins with a zero byte. */
export function isAvro(raw: Buffer): boolean {
  return raw[0] === 0
}

/** @param url of the schema registry, with user and password if it wants them; undefined: there is none */
export function avroDecoder(url: string | undefined): AvroDecoder {
  if (url === undefined) {
    return { decode: async () => Promise.reject(refusedAvro('no-schema-registry')) }
  }
  let registry: Promise<SchemaRegistry> | undefined
  return {
    decode: async (raw) => {
      if (raw.length < headerLength) throw refusedAvro('invalid-avro', 'it has less than five bytes')
      registry ??= registryAt(url)
      const schema = await schemaOf(await registry, raw.readUInt32BE(1), url)
      try {
        return plain(schema.fromBuffer(raw.subarray(headerLength)))
      } catch (error) {
        throw refusedAvro('invalid-avro', error instanceof Error ? error.message : String(error))
      }
    },
  }
}

/** The client takes a while to load: only whoever meets Avro waits for it. */
async function registryAt(url: string): Promise<SchemaRegistry> {
  const { SchemaRegistry, SchemaType } = await import('@kafkajs/confluent-schema-registry')
  const { logicalTypes } = await import('./avro-logical-types.js')
  const { host, auth } = addressOf(url)
  return new SchemaRegistry(
    {
      host,
      ...(auth.username === '' ? {} : { auth }),
      // Whoever reads tries again, and lets the partition rest meanwhile.
      retry: { retries: 0 },
      middlewares: [
        () => ({ prepareRequest: async (next) => (await next()).enhance({ timeout: patience }) }),
      ],
    },
    { [SchemaType.AVRO]: { logicalTypes } },
  )
}

/** The registry's client keeps every schema that it has met, and answers 400 for whatever goes wrong on the way. */
async function schemaOf(registry: SchemaRegistry, id: number, url: string) {
  try {
    return await registry.getSchema(id)
  } catch (error) {
    const { status, message } = error as Error & { status?: number }
    // A schema that the registry has, and that is no Avro after all.
    if (status === undefined) throw refusedAvro('invalid-avro', message)
    if (status === 404 && (await isUnknown(id, url))) {
      throw refusedAvro('unknown-schema', `it has none of the id ${id}`)
    }
    const said = message.replace(/^[^-]*- /, '')
    throw new SchemaRegistryUnavailable(
      `the schema registry at ${new URL(url).host} does not help: ${said}`,
      {
        cause: error,
      },
    )
  }
}

/**
 * Does the registry say so itself? Its client takes any 404 for one, that of another server at a wrong address too, and
 * does not tell the code that tells them apart.
 */
async function isUnknown(id: number, url: string): Promise<boolean> {
  const { host, auth } = addressOf(url)
  const authorization = `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`
  try {
    const response = await fetch(`${host}/schemas/ids/${id}`, {
      headers: auth.username === '' ? {} : { authorization },
      signal: AbortSignal.timeout(patience),
    })
    const { error_code: code } = (await response.json()) as { error_code?: unknown }
    return code === schemaNotFound
  } catch {
    return false
  }
}

function addressOf(url: string) {
  const { origin, pathname, username, password } = new URL(url)
  return {
    host: origin + pathname.replace(/\/$/, ''),
    auth: { username: decodeURIComponent(username), password: decodeURIComponent(password) },
  }
}

function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null))
}

function refusedAvro(code: FaultCode, why?: string): InvalidRecord {
  return refused(code, `the message is refused: ${faultCodes[code]}${why === undefined ? '' : `; ${why}`}`)
}
