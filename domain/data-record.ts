import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/schema'
import { ByteCount } from './bytes.js'
import type { Event, Metadata, NewEvent } from './event.js'
import type { Fault } from './fault.js'
import { InvalidValue } from './invalid-record.js'
import { Msisdn } from './msisdn.js'
import { missing, recordParser, type Untrusted } from './record-parser.js'
import { formatTimestamp, parseTimestamp, Timestamp } from './timestamp.js'
import { uuidV5Namespace } from './uuid.js'

/** A data record as it comes in, as JSON. Other fields are ignored. */
export type DataRecordInput = Static<typeof DataRecordInput>
export const DataRecordInput = Type.Object(
  {
    id: Type.Optional(ExternalId('What the network calls the record: unique for its msisdn.')),
    externalId: Type.Optional(ExternalId('Another name of `id`. Where both are given they are equal.')),
    recordedAt: Timestamp('When the data was used.'),
    msisdn: Msisdn,
    recordedBytes: ByteCount('How many bytes were used.', 362570622),
  },
  {
    description: 'Some mobile data that a subscriber has used. It has an `id` or an `externalId`.',
    anyOf: [{ required: ['id'] }, { required: ['externalId'] }],
  },
)
const validator = Compile(DataRecordInput)

function ExternalId(meaning: string) {
  return Type.String({
    description: `${meaning} Without control characters.`,
    pattern: '^[^\\p{Cc}\\p{Cs}]{1,200}$',
    examples: ['523d8cc7-e611-3508-90bc-fab260b2973e'],
  })
}

/** A data record that has been checked. */
export interface DataRecord {
  readonly externalRecordId: string
  readonly msisdn: string
  /** Milliseconds since 1970. */
  readonly recordedAt: number
  readonly recordedBytes: number
}

/** A subscriber has used some data. The event's id is the record's internal id; `recordedAt` is ISO 8601 in UTC. */
export type DataRecorded = Event<
  'DataRecorded',
  {
    readonly externalRecordId: string
    readonly msisdn: string
    readonly recordedAt: string
    readonly recordedBytes: number
  }
>

/**
 * Checks a data record that came in as JSON.
 *
 * @throws {InvalidRecord} with a path for each fault
 */
export const parseDataRecord: (value: unknown) => DataRecord = recordParser<DataRecordInput, DataRecord>({
  validator,
  fields: {
    id: { code: 'invalid-id' },
    externalId: { code: 'invalid-id' },
    recordedAt: { code: 'invalid-timestamp', read: parseTimestamp },
    msisdn: { code: 'invalid-msisdn' },
    recordedBytes: { code: 'invalid-bytes' },
  },
  together: idFault,
  build: (input) => {
    const externalRecordId = input.id ?? input.externalId
    if (externalRecordId === undefined || (input.externalId ?? externalRecordId) !== externalRecordId) {
      throw new InvalidValue('invalid-id', 'the record has no id or more than one')
    }
    return {
      externalRecordId,
      msisdn: input.msisdn,
      recordedAt: parseTimestamp(input.recordedAt),
      // JSON has a -0.
      recordedBytes: input.recordedBytes + 0,
    }
  },
})

/** The fact for the log. The same record always gives the same event id. */
export function dataRecorded(record: DataRecord, metadata: Metadata): NewEvent<DataRecorded> {
  const { externalRecordId, msisdn, recordedBytes } = record
  return {
    id: internalRecordId(msisdn, externalRecordId),
    stream: `subscriber-${msisdn}`,
    type: 'DataRecorded',
    data: { externalRecordId, msisdn, recordedAt: formatTimestamp(record.recordedAt), recordedBytes },
    metadata,
  }
}

/** The record that an event tells of. */
export function dataRecordOf(data: DataRecorded['data']): DataRecord {
  const { externalRecordId, msisdn, recordedAt, recordedBytes } = data
  return { externalRecordId, msisdn, recordedAt: parseTimestamp(recordedAt), recordedBytes }
}

/** Who a record is: a UUIDv5 over subscriber and external id (docs/semantics.md, Data plans: Record identity). */
export function internalRecordId(msisdn: string, externalRecordId: string): string {
  // An msisdn is digits only, so the first colon is ours and no two records share a name.
  return recordId(`${msisdn}:${externalRecordId}`)
}

/**
 * Do two records of the same identity say the same? Both as parsed, or both as in an event: a time that was written with
 * another offset is still the same time.
 */
export function sameContent<Time extends number | string>(a: Content<Time>, b: Content<Time>): boolean {
  return a.recordedAt === b.recordedAt && a.recordedBytes === b.recordedBytes
}

interface Content<Time> {
  readonly recordedAt: Time
  readonly recordedBytes: number
}

function idFault({ id, externalId }: Untrusted<DataRecordInput>): Fault | undefined {
  if (id === undefined && externalId === undefined) return missing('/id')
  if (id === undefined || externalId === undefined || id === externalId) return undefined
  return { path: '/externalId', code: 'invalid-id', detail: 'externalId is another one than id' }
}

/** The namespace of records' ids. Changing it would let every record into the log a second time. */
const recordId = uuidV5Namespace('f9c2c199-3453-4c2a-b1e6-9ee91f16cf09')
