import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/schema'
import type { DataRecord } from './data-record.js'
import type { Fault } from './fault.js'
import { ByteCount, Msisdn, Timestamp } from './fields.js'
import { InvalidValue } from './invalid-record.js'
import { missing, recordParser, type Untrusted } from './record-parser.js'
import { parseTimestamp } from './timestamp.js'

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

function idFault({ id, externalId }: Untrusted<DataRecordInput>): Fault | undefined {
  if (id === undefined && externalId === undefined) return missing('/id')
  if (id === undefined || externalId === undefined || id === externalId) return undefined
  return { path: '/externalId', code: 'invalid-id', detail: 'externalId is another one than id' }
}
