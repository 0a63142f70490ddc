import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { faultCodes, type FaultCode } from '../../domain/fault.js'
import { refused, type InvalidRecord } from '../../domain/invalid-record.js'
import { logicalTypes } from './avro-logical-types.js'
import { SchemaRegistryUnavailable } from './errors.js'

/** How long the registry may take to answer, in milliseconds. */
const patience = 5_000
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
  const registry = registryAt(url)
  return {
    decode: async (raw) => {
      if (raw.length < headerLength) throw refusedAvro('invalid-avro', 'it has less than five bytes')
      const schema = await schemaOf(registry, raw.readUInt32BE(1), url)
      try {
        return plain(schema.fromBuffer(raw.subarray(headerLength)))
      } catch (error) {
        throw refusedAvro('invalid-avro', error instanceof Error ? error.message : String(error))
      }
    },
  }
}

function registryAt(url: string): SchemaRegistry {
  const { origin, pathname, username, password } = new URL(url)
  const auth = { username: decodeURIComponent(username), password: decodeURIComponent(password) }
  return new SchemaRegistry(
    {
      host: origin + pathname.replace(/\/$/, ''),
      ...(username === '' ? {} : { auth }),
      // Whoever reads tries again, and lets the partition rest meanwhile.
      retry: { retries: 0 },
      middlewares: [
        () => ({ prepareRequest: async (next) => (await next()).enhance({ timeout: patience }) }),
      ],
    },
    { [SchemaType.AVRO]: { logicalTypes } },
  )
}

/**
 * The registry's client keeps every schema that it has met. It answers 400 for whatever goes wrong on the way to the
 * registry, and takes any 404 for one, also that of another server: only the registry's own has a message.
 */
async function schemaOf(registry: SchemaRegistry, id: number, url: string) {
  try {
    return await registry.getSchema(id)
  } catch (error) {
    const { status, message } = error as Error & { status?: number }
    if (status === 404 && !message.includes('Error, status 404')) {
      throw refusedAvro('unknown-schema', `it has none of the id ${id}`)
    }
    // A schema that the registry has, and that is no Avro after all.
    if (status === undefined) throw refusedAvro('invalid-avro', message)
    const said = message.replace(/^[^-]*- /, '')
    throw new SchemaRegistryUnavailable(
      `the schema registry at ${new URL(url).host} does not help: ${said}`,
      {
        cause: error,
      },
    )
  }
}

function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null))
}

function refusedAvro(code: FaultCode, why?: string): InvalidRecord {
  return refused(code, `the message is refused: ${faultCodes[code]}${why === undefined ? '' : `; ${why}`}`)
}
