import t from 'tap'
import { DataRecordInput, parseDataRecord } from '../../domain/data-record-input.js'
import { dataRecorded, internalRecordId } from '../../domain/data-record.js'
import { InvalidRecord } from '../../domain/invalid-record.js'

const input = {
  id: '523d8cc7-e611-3508-90bc-fab260b2973e',
  recordedAt: '2020-01-11T00:00+01:00[Europe/Warsaw]',
  msisdn: '48917846822',
  recordedBytes: 362570622,
}
const record = {
  externalRecordId: input.id,
  msisdn: input.msisdn,
  recordedAt: Date.UTC(2020, 0, 10, 23),
  recordedBytes: input.recordedBytes,
}

function refusal(value: unknown): InvalidRecord | undefined {
  try {
    parseDataRecord(value)
    return undefined
  } catch (error) {
    if (error instanceof InvalidRecord) return error
    throw error
  }
}
const faultOf = (value: unknown) => refusal(value)?.faults.map(({ path, code }) => `${path} ${code}`)

void t.test('parses a record and ignores other fields', async (t) => {
  t.same(parseDataRecord({ ...input, cell: 'x' }), record)
})

void t.test('takes the id under either name, or under both if they agree', async (t) => {
  const { id, ...rest } = input
  t.same(parseDataRecord({ ...rest, externalId: id }), record)
  t.same(parseDataRecord({ ...rest, id, externalId: id }), record)
  t.same(faultOf({ ...rest, id, externalId: 'other' }), ['/externalId invalid-id'])
  t.same(faultOf(rest), ['/id missing-field'])
  t.same(faultOf({ ...rest, id: undefined }), ['/id missing-field'])
  t.same(faultOf({ ...input, externalId: null }), ['/externalId invalid-id'])
})

void t.test('names the path and code of a fault', async (t) => {
  const wrong: [Partial<Record<keyof typeof input, unknown>>, string][] = [
    [{ id: '' }, '/id invalid-id'],
    [{ id: 5 }, '/id invalid-id'],
    [{ id: 'x'.repeat(201) }, '/id invalid-id'],
    [{ id: '\udc00' }, '/id invalid-id'],
    [{ id: 'a\u0000' }, '/id control-character'],
    [{ id: 'a\u0085' }, '/id control-character'],
    [{ recordedAt: '2020-01-11' }, '/recordedAt invalid-timestamp'],
    [{ recordedAt: '2020-01-11T00:00Z\t' }, '/recordedAt control-character'],
    [{ recordedAt: '2020-01-11T00:00Z[No/Where]' }, '/recordedAt invalid-time-zone'],
    [{ msisdn: '48 917' }, '/msisdn invalid-msisdn'],
    [{ msisdn: 48917846822 }, '/msisdn invalid-msisdn'],
    [{ recordedBytes: -1 }, '/recordedBytes invalid-bytes'],
    [{ recordedBytes: 1.5 }, '/recordedBytes invalid-bytes'],
    [{ recordedBytes: 2 ** 53 }, '/recordedBytes invalid-bytes'],
    [{ recordedBytes: '362570622' }, '/recordedBytes invalid-bytes'],
    [{ recordedBytes: null }, '/recordedBytes invalid-bytes'],
  ]
  for (const [change, expected] of wrong) {
    t.same(faultOf({ ...input, ...change }), [expected], JSON.stringify(change))
  }
})

void t.test('finds all faults at once, and says so in one sentence each', async (t) => {
  const error = refusal({ recordedAt: '2021-02-29T00:00Z', msisdn: '+48', recordedBytes: -1 })
  t.same(error?.faults.map((fault) => fault.path).sort(), ['/id', '/msisdn', '/recordedAt', '/recordedBytes'])
  t.match(error?.detail, /February 2021 has days 1 to 28/)
  t.match(error?.detail, /id is missing/)
  t.equal(error?.code, error?.faults[0]?.code)
  t.equal(error?.path, error?.faults[0]?.path)
})

void t.test('does not repeat at length what it refuses', async (t) => {
  t.ok((refusal({ ...input, msisdn: 'x'.repeat(1_000_000) })?.detail.length ?? 0) < 200)
})

void t.test('the event carries the internal id and the time in UTC', async (t) => {
  const event = dataRecorded(record, {})
  t.same(event, {
    id: 'eec9ba6c-e1ef-5cb6-9b03-e15e464b2560',
    stream: 'subscriber-48917846822',
    type: 'DataRecorded',
    data: {
      externalRecordId: input.id,
      msisdn: '48917846822',
      recordedAt: '2020-01-10T23:00:00Z',
      recordedBytes: 362570622,
    },
    metadata: {},
  })
  t.equal(event.id, internalRecordId(input.msisdn, input.id))
})

void t.test('a record is known by msisdn and external id together', async (t) => {
  t.not(internalRecordId('1', '23'), internalRecordId('12', '3'))
  t.not(internalRecordId('1', '2:3'), internalRecordId('12', '3'))
  t.equal(internalRecordId('1', 'ü🙂'), internalRecordId('1', 'ü🙂'))
})

void t.test('the same instant written with another offset is the same fact', async (t) => {
  const other = parseDataRecord({ ...input, recordedAt: '2020-01-10T23:00Z' })
  t.same(dataRecorded(other, {}), dataRecorded(record, {}))
})

void t.test('the schema says what every field means', async (t) => {
  for (const [name, field] of Object.entries(DataRecordInput.properties)) {
    t.match(field, { description: String, examples: Array }, name)
  }
})
