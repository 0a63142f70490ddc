import { MAX_RECORD_BYTES } from './record-size.js'

/**
 * Every reason for which a record is refused, and the rule it breaks. The codes are stable: they are stored
 * with dead letters and answered over HTTP.
 */
export const faultCodes = {
  'wrong-field-count': 'a line has exactly the fields of its kind of record',
  'invalid-json': 'a record is one JSON value',
  'invalid-utf8': 'text is UTF-8',
  'incomplete-line':
    'the last line of data records ends with a line feed, or its last field may have been cut short',
  'record-too-large': `a record has at most ${MAX_RECORD_BYTES} bytes`,
  'too-deeply-nested': 'a record has at most 100 levels of objects and arrays in one another',
  'missing-value': 'a message has a value',
  'invalid-avro': 'a value that begins with a zero byte is Avro of the schema that its next four bytes name',
  'unknown-schema': 'the schema of a value is in the schema registry',
  'no-schema-registry': 'values in Avro need SCHEMA_REGISTRY_URL',
  'control-character': 'text has no control characters',
  'missing-field': 'every field of a record is present',
  'invalid-field': 'a record is a JSON object',
  'invalid-timestamp': 'a timestamp is ISO 8601 with date, time and offset, such as 2020-01-02T00:00+01:00',
  'invalid-time-zone': 'a time zone is a name of the IANA database, such as Europe/Warsaw',
  'invalid-bytes': `a number of bytes is an integer from 0 to ${Number.MAX_SAFE_INTEGER}`,
  'invalid-msisdn': 'an msisdn is text of 1 to 20 decimal digits',
  'invalid-instant': 'an instant is an integer of milliseconds since 1970, in the years 1 to 9999',
  'invalid-customer':
    'a customer is text of 1 to 200 characters without white space around it, and neither . nor ..',
  'invalid-amount':
    'an amount is a decimal with a point, such as -12.345: billed within ±90071992547409.91 and in at most 200 characters, of money with at most 30 digits before and 18 after the point',
  'invalid-billable-type': 'the type is MESSAGE, DATA, CALL, PACK or MISC, in any case',
  'invalid-id':
    'an id is text of 1 to 200 characters (that of an agreement, a user or a session has neither spaces nor /)',
  'invalid-type': 'a record of a mixed source says in type what it is, as text',
  'invalid-text': 'a code or name is text of 1 to 200 characters',
  'invalid-flag': 'a flag is true or false',
  'invalid-year': 'a year is an integer from 1 to 9999',
} as const

export type FaultCode = keyof typeof faultCodes

/** One thing that is wrong with one record. */
export interface Fault {
  /** Where: a JSON pointer (RFC 6901) such as `/recordedBytes`; empty for the record as a whole. */
  readonly path: string
  readonly code: FaultCode
  /** A sentence for people. */
  readonly detail: string
}

/** The first control character of a text (C0, DEL or C1) as `U+0009`, if it has one. */
export function controlCharacter(text: string): string | undefined {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 32 || (code >= 127 && code < 160)) {
      return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
    }
  }
  return undefined
}

/** A value as it is shown in a fault's detail: as JSON, and not at any length. Never throws. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : jsonOf(value)
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text
  return typeof value === 'string' ? JSON.stringify(short) : short
}

/** Not every value has JSON: a big integer has none, nor what is nested without end, or too deep for the stack. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'undefined'
  } catch {
    if (typeof value === 'bigint') return String(value)
    return Array.isArray(value) ? '[…]' : '{…}'
  }
}
