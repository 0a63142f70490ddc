import { inspect } from 'node:util'
import avro, { type Schema } from 'avsc'
import t from 'tap'
import { retryDeadLetter } from '../../bridge/dead-letter-retry.js'
import { avroDecoder } from '../../bridge/kafka/avro.js'
import type { RecordRejected } from '../../domain/dead-letter.js'
import { wholeLog } from '../projections/tidemark.js'
import { bridgeOver, eventsOf, withKafka } from './kafka-server.js'
import { framed, startRegistry } from './schema-registry.js'
import { openLog } from '../event-store/open-log.js'

t.setTimeout(120_000)

const schema: Schema = {
  type: 'record',
  name: 'DataRecord',
  namespace: 'org.example',
  fields: [
    { name: 'id', type: ['null', 'string'], default: null },
    { name: 'externalId', type: ['null', 'string'], default: null },
    { name: 'recordedAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'msisdn', type: 'string' },
    { name: 'recordedBytes', type: 'long' },
  ],
}
const type = avro.Type.forSchema(schema)
const record = {
  id: 'a',
  externalId: null,
  recordedAt: Date.UTC(2020, 0, 10),
  msisdn: '1',
  recordedBytes: 70,
}

void t.test('a value in Avro is decoded by the schema that it names, which is asked for once', async (t) => {
  const registry = await startRegistry(t)
  const id = registry.add(schema)
  const decoder = avroDecoder(registry.url)
  const value = framed(id, type.toBuffer(record))
  const expected = { id: 'a', recordedAt: '2020-01-10T00:00:00.000Z', msisdn: '1', recordedBytes: 70 }
  t.same(await decoder.decode(value), expected, 'what is null is left out')
  t.same(await Promise.all([decoder.decode(value), decoder.decode(value)]), [expected, expected])
  t.equal(registry.requests, 1)
})

void t.test('logical types are what they are in JSON elsewhere', async (t) => {
  const registry = await startRegistry(t)
  const decimal = { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 }
  const fields = [
    { name: 'amount', type: decimal },
    { name: 'whole', type: { ...decimal, scale: 0 } },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-micros' } },
  ]
  const id = registry.add({ type: 'record', name: 'Money', fields })
  // As they are on the wire: bytes, bytes and a long.
  const plain = avro.Type.forSchema({
    type: 'record',
    name: 'Money',
    fields: fields.map(({ name }) => ({ name, type: name === 'at' ? 'long' : 'bytes' })),
  })
  const decoder = avroDecoder(registry.url)
  const midnight = Date.UTC(2020, 0, 10) * 1_000
  const decode = (amount: number[], whole: number[], at = midnight) =>
    decoder.decode(framed(id, plain.toBuffer({ amount: Buffer.from(amount), whole: Buffer.from(whole), at })))
  t.match(await decode([0x04, 0xd2], [0x05]), { amount: '12.34', whole: '5', at: '2020-01-10T00:00:00.000Z' })
  t.match(await decode([0xff], [0xfb]), { amount: '-0.01', whole: '-5' })
  t.match(await decode([0x00], []), { amount: '0.00', whole: '0' })
  t.match(await decode([], [], midnight + 5_000), { at: '2020-01-10T00:00:00.005Z' })
  t.match(await decode([], [], midnight + 5_999), { at: '2020-01-10T00:00:00.005999Z' }, 'nothing is rounded')
  t.match(await decode([], [], -1), { at: '1969-12-31T23:59:59.999999Z' })
  t.match(await decode([0x80, 0x00, 0x00, 0x00], [0x7f, 0xff]), { amount: '-21474836.48', whole: '32767' })
})

void t.test('what cannot be decoded is refused, and why', async (t) => {
  const registry = await startRegistry(t)
  const id = registry.add(schema)
  const broken = registry.add({ type: 'nonsense' })
  const decode = (raw: Buffer) => avroDecoder(registry.url).decode(raw)
  const whole = type.toBuffer(record)
  await t.rejects(decode(Buffer.from([0, 0, 0, 1])), { code: 'invalid-avro' })
  await t.rejects(decode(framed(4_711, whole)), { code: 'unknown-schema', detail: /4711/ })
  await t.rejects(decode(framed(id, whole.subarray(0, -1))), { code: 'invalid-avro' })
  await t.rejects(decode(framed(id, Buffer.concat([whole, whole]))), { code: 'invalid-avro' })
  await t.rejects(decode(framed(broken, whole)), { code: 'invalid-avro' })
  await t.rejects(avroDecoder(undefined).decode(framed(id, whole)), { code: 'no-schema-registry' })
})

void t.test(
  'a registry that does not help is no fault of the record, and its password stays secret',
  async (t) => {
    const registry = await startRegistry(t)
    const id = registry.add(schema)
    registry.credentials = 'reader:se/cret'
    const value = framed(id, type.toBuffer(record))
    const withCredentials = registry.url.replace('//', '//reader:se%2Fcret@')
    const wrong = registry.url.replace('//', '//reader:geheim@')
    t.match(await avroDecoder(withCredentials).decode(value), { id: 'a' })
    const elsewhere = `${withCredentials}/elsewhere/`
    for (const url of [wrong, registry.url, 'http://127.0.0.1:1', elsewhere]) {
      const failure: unknown = await avroDecoder(url)
        .decode(value)
        .catch((error: unknown) => error)
      t.match(failure, { code: 'schema-registry-unavailable', message: /^the schema registry at 127/ })
      t.notMatch(inspect(failure, { depth: 5 }), /geheim|se.cret/)
    }
  },
)

await withKafka(t, (kafka) => {
  void t.test('records in Avro become facts, whatever else is in the topic', async (t) => {
    const eventStore = openLog(t)
    const registry = await startRegistry(t)
    const id = registry.add(schema)
    const settings = await kafka.settings()
    const value = (fields: object) => framed(id, type.toBuffer({ ...record, ...fields }))
    await kafka.send(settings.records, [
      { value: value({}) },
      { value: framed(4_711, type.toBuffer(record)) },
      { value: value({ id: null, externalId: 'b' }) },
      { value: value({ id: null }) },
      { value: value({ id: 'c', recordedBytes: -1 }) },
      { value: 'd;2020-01-10T00:00:00Z;1;70' },
    ])
    bridgeOver(t, kafka, { eventStore, settings, schemaRegistry: registry.url })
    await eventsOf(eventStore, ['subscriber', 'deadletter'], 6)
    t.match(
      (await wholeLog(eventStore, ['subscriber'])).map(({ data }) => data),
      ['a', 'b', 'd'].map((externalRecordId) => ({ externalRecordId, recordedAt: '2020-01-10T00:00:00Z' })),
    )
    t.same(
      (await wholeLog(eventStore, ['deadletter'])).map(({ data }) => (data as RecordRejected['data']).reason),
      ['unknown-schema', 'missing-field', 'invalid-bytes'],
    )
  })

  void t.test('while the registry is out of order the partition waits, and others go on', async (t) => {
    const eventStore = openLog(t)
    const registry = await startRegistry(t)
    const id = registry.add(schema)
    registry.outOfOrder = true
    const settings = await kafka.settings(2)
    await kafka.send(settings.records, [
      { value: framed(id, type.toBuffer(record)), partition: 0 },
      { value: 'b;2020-01-10T00:00:00Z;1;70', partition: 1 },
    ])
    const bridge = bridgeOver(t, kafka, { eventStore, settings, schemaRegistry: registry.url })
    await bridge.reports.met('trouble', `${settings.records}/0`)
    t.match(bridge.troubles(), [
      /^test-.*records\/0: the schema registry at 127\.0\.0\.1:\d+ does not help: /,
    ])
    t.equal((await eventsOf(eventStore, ['subscriber'], 1)).length, 1)
    registry.outOfOrder = false
    await eventsOf(eventStore, ['subscriber'], 2)
    await bridge.reports.met('recovered', `${settings.records}/0`)
    t.equal((await wholeLog(eventStore, ['deadletter'])).length, 0)
  })

  void t.test('a dead letter in Avro is recovered when its schema is there', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    const registry = await startRegistry(t)
    await kafka.send(settings.records, [{ value: framed(41, type.toBuffer(record)) }])
    bridgeOver(t, kafka, { eventStore, settings })
    const [letter] = await eventsOf(eventStore, ['deadletter'], 1)
    const { deadLetterId, reason } = letter!.data as RecordRejected['data']
    t.equal(reason, 'no-schema-registry')
    const avro = avroDecoder(registry.url)
    t.match(await retryDeadLetter(eventStore, deadLetterId, avro), {
      recovered: false,
      reason: 'unknown-schema',
    })
    registry.outOfOrder = true
    await t.rejects(retryDeadLetter(eventStore, deadLetterId, avro), { code: 'schema-registry-unavailable' })
    registry.outOfOrder = false
    registry.add(schema)
    t.match(await retryDeadLetter(eventStore, deadLetterId, avro), { recovered: true })
    t.match(await wholeLog(eventStore, ['subscriber']), [
      { data: { externalRecordId: 'a' }, metadata: { source: `kafka:${settings.records}/0/0` } },
    ])
  })
})
