import { isUtf8 } from 'node:buffer'
import { faultCodes, shown, type FaultCode } from '../../domain/fault.js'
import { InvalidRecord } from '../../domain/invalid-record.js'
import { MAX_RECORD_BYTES, MOST_KEPT_BYTES } from '../../domain/record-size.js'
import type { SourceRecord } from '../arrivals.js'
import { isAvro, type AvroDecoder } from './avro.js'

/** What of a message makes its record. */
export interface Message {
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/**
 * The record that a message brings: one JSON object or line of the kind's own format, or a value in Avro. A message
 * that is none of these is a record with a fault: it becomes a dead letter.
 *
 * @throws {SchemaRegistryUnavailable} the message may be a good one: try again
 */
export async function recordOf({ key, value }: Message, avro: AvroDecoder): Promise<SourceRecord> {
  if (value === null) {
    const of = key === null ? '' : ` of key ${shown(key.toString())}`
    return faulty(
      Buffer.alloc(0),
      'missing-value',
      `the message${of} is refused: ${faultCodes['missing-value']}`,
    )
  }
  if (value.length > MAX_RECORD_BYTES) return faulty(value.subarray(0, MOST_KEPT_BYTES), 'record-too-large')
  return recordOfValue(value, avro)
}

/**
 * The record that a message's value is.
 *
 * @throws {SchemaRegistryUnavailable}
 */
export async function recordOfValue(value: Buffer, avro: AvroDecoder): Promise<SourceRecord> {
  if (isAvro(value)) {
    try {
      return { value: await avro.decode(value), raw: value }
    } catch (error) {
      if (error instanceof InvalidRecord) return faulty(value, error.code, error.detail)
      throw error
    }
  }
  if (!isUtf8(value)) return faulty(value, 'invalid-utf8')
  return { text: withoutLineBreak(value.toString()), fault: undefined, terminated: true, raw: value }
}

/** Tools that read lines often send the line break too, or what stands at the start of their file. */
function withoutLineBreak(text: string): string {
  const start = text.startsWith('\ufeff') ? 1 : 0
  if (!text.endsWith('\n')) return text.slice(start)
  return text.slice(start, text.endsWith('\r\n') ? -2 : -1)
}

function faulty(
  raw: Buffer,
  code: FaultCode,
  detail = `the message is refused: ${faultCodes[code]}`,
): SourceRecord {
  return { text: '', fault: { path: '', code, detail }, terminated: true, raw }
}
