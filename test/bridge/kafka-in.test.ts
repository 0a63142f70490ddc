import t from 'tap'
import { retryDeadLetter } from '../../bridge/dead-letter-retry.js'
import { rawBytes, type RecordRejected } from '../../domain/dead-letter.js'
import type { EventStore } from '../../event-store/port.js'
import { wholeLog } from '../projections/tidemark.js'
import { csv, figure, idsOf } from './kafka-log.js'
import { openLog } from '../event-store/open-log.js'
import { bridgeOver, eventsOf, until, withKafka } from './kafka-server.js'

t.setTimeout(120_000)

const agreement = {
  id: 'agreement-1',
  msisdn: '48100200300',
  signedAt: '2019-12-15T00:00+01:00[Europe/Warsaw]',
  serviceStartAt: '2020-01-01T00:00+01:00[Europe/Warsaw]',
  billingPeriodTimeZone: 'Europe/Warsaw',
  maxBytesInBillingPeriod: 1000,
}

async function lettersOf(eventStore: EventStore) {
  return (await wholeLog(eventStore, ['deadletter'])).flatMap(({ type, data, metadata }) => {
    if (type !== 'RecordRejected') return []
    const { deadLetterId: id, reason, detail, ...rest } = data as RecordRejected['data']
    return [{ id, reason, detail, raw: rawBytes(rest), source: metadata.source }]
  })
}

await withKafka(t, (kafka) => {
  void t.test('records of every kind become facts, each with its coordinate', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings(2)
    await kafka.send(settings.agreements, [{ value: JSON.stringify(agreement), partition: 1 }])
    await kafka.send(settings.records, [
      { value: csv('a'), partition: 0 },
      { value: `${csv('b')}\r\n`, partition: 0 },
      { value: `\ufeff${csv('c')}\n`, partition: 1 },
      {
        value: ' {"externalId":"d","recordedAt":"2020-01-10T00:00Z","msisdn":"1","recordedBytes":5}',
        partition: 0,
      },
    ])
    bridgeOver(t, kafka, { eventStore, settings })
    const events = await eventsOf(eventStore, ['agreement', 'subscriber'], 5)
    t.match(
      events.find(({ type }) => type === 'AgreementSigned'),
      { data: { agreementId: 'agreement-1' }, metadata: { source: `kafka:${settings.agreements}/1/0` } },
    )
    t.same(
      events
        .flatMap(({ data, metadata }) =>
          'externalRecordId' in data ? [`${String(data.externalRecordId)} ${metadata.source}`] : [],
        )
        .sort(),
      [
        `a kafka:${settings.records}/0/0`,
        `b kafka:${settings.records}/0/1`,
        `c kafka:${settings.records}/1/0`,
        `d kafka:${settings.records}/0/2`,
      ],
    )
  })

  void t.test('what cannot be used becomes a dead letter, and the partition goes on', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    const long = Buffer.alloc(1024 * 1024 + 1, 'x')
    const poison = [
      { value: null, key: 'deleted' },
      { value: '' },
      { value: '{"id":' },
      { value: '{"id":"a"}' },
      { value: `${csv('x')}\n${csv('y')}` },
      { value: Buffer.from([0x61, 0xff]) },
      { value: Buffer.from([0, 0, 0]) },
    ]
    await kafka.send(settings.records, [...poison, { value: csv('good') }])
    const admin = await kafka.admin.fetchTopicOffsets(settings.records)
    t.match(admin, [{ offset: '8' }])
    const bridge = bridgeOver(t, kafka, { eventStore, settings })
    await eventsOf(eventStore, ['deadletter', 'subscriber'], 8)
    const letters = await lettersOf(eventStore)
    t.same(
      letters.map(({ reason, source }) => `${reason} ${source}`),
      [
        'missing-value',
        'wrong-field-count',
        'invalid-json',
        'missing-field',
        'control-character',
        'invalid-utf8',
        'no-schema-registry',
      ].map((reason, offset) => `${reason} kafka:${settings.records}/0/${offset}`),
    )
    for (const [n, { value }] of poison.entries()) {
      t.same(letters[n]?.raw, Buffer.from(value ?? ''), 'all of its bytes are kept')
    }
    t.match(letters[0]?.detail, /of key "deleted"/)
    t.same(await idsOf(eventStore), ['good'])
    t.same(bridge.troubles(), [], 'that is no trouble')
    // Brokers may be told not to take so much at once: then there is nothing to see.
    const sent = await kafka.send(settings.records, [{ value: long }]).then(
      () => true,
      () => false,
    )
    if (sent) {
      const more = (await eventsOf(eventStore, ['deadletter'], 9)).at(-1)
      const letter = (await lettersOf(eventStore)).at(-1)
      t.match(letter, { reason: 'record-too-large', source: `kafka:${settings.records}/0/8` })
      t.equal(more?.type, 'RawContinued')
      t.ok(
        Buffer.concat([letter!.raw, rawBytes(more!.data as RecordRejected['data'])]).equals(
          Buffer.from(long),
        ),
      )
    }
  })

  void t.test('a dead letter from Kafka can be tried again', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    const record = JSON.stringify({ id: 'a', recordedAt: '2020-01-10T00:00Z', msisdn: '1', recordedBytes: 1 })
    await kafka.send(settings.records, [{ value: null }, { value: 'nonsense' }, { value: csv('a') }])
    await kafka.send(settings.agreements, [{ value: record }])
    bridgeOver(t, kafka, { eventStore, settings })
    await eventsOf(eventStore, ['deadletter', 'subscriber'], 4)
    for (const { id, reason } of await lettersOf(eventStore)) {
      t.match(await retryDeadLetter(eventStore, id), { recovered: false, reason })
    }
  })

  void t.test('transactions: what was aborted is not read, and markers hold nothing up', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    const producer = kafka.client().producer({
      transactionalId: kafka.name('transaction'),
      idempotent: true,
      maxInFlightRequests: 1,
    })
    await producer.connect()
    t.teardown(() => producer.disconnect())
    const transaction = async (ids: readonly string[], commit: boolean) => {
      const under = await producer.transaction()
      await under.send({ topic: settings.records, messages: ids.map((id) => ({ value: csv(id) })) })
      await (commit ? under.commit() : under.abort())
    }
    const lags = async (bridge: ReturnType<typeof bridgeOver>) =>
      until(async () => (await figure(bridge, 'tidemark_kafka_lag')).every((lag) => lag === 0))
    await transaction(['gone', 'gone too'], false)
    const first = bridgeOver(t, kafka, { eventStore, settings })
    await first.reports.met('claimed', `${settings.records}/0`)
    await lags(first)
    await kafka.send(settings.records, [{ value: csv('a') }])
    await eventsOf(eventStore, ['subscriber'], 1)
    await first.stop()
    await transaction(['b', 'c'], true)
    await transaction(['gone again'], false)
    const second = bridgeOver(t, kafka, { eventStore, settings })
    await eventsOf(eventStore, ['subscriber'], 3)
    await lags(second)
    await second.stop()
    await transaction(['gone once more'], false)
    const third = bridgeOver(t, kafka, { eventStore, settings })
    await third.reports.met('claimed', `${settings.records}/0`)
    await lags(third)
    await kafka.send(settings.records, [{ value: csv('d') }])
    await eventsOf(eventStore, ['subscriber'], 4)
    t.same(await idsOf(eventStore), ['a', 'b', 'c', 'd'])
    t.same(
      [first, second, third].flatMap(({ reports }) => reports.of('lost')),
      [],
    )
  })
})
