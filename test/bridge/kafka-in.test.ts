import { CompressionTypes } from 'kafkajs'
import t, { type Test } from 'tap'
import { retryDeadLetter } from '../../bridge/dead-letter-retry.js'
import { SourceReader } from '../../commands/read-source.js'
import { rawBytes, type RecordRejected } from '../../domain/dead-letter.js'
import { sourceStream } from '../../domain/source.js'
import { openEmbeddedEventStore, type EmbeddedEventStore } from '../../event-store/embedded.js'
import type { EventStore } from '../../event-store/port.js'
import { temporaryFolder, wholeLog } from '../projections/tidemark.js'
import { bridgeOver, eventsOf, until, withKafka } from './kafka-server.js'

t.setTimeout(120_000)

function openLog(t: Test): EmbeddedEventStore {
  const eventStore = openEmbeddedEventStore(temporaryFolder(t))
  t.teardown(() => eventStore.close())
  return eventStore
}

const csv = (id: string | number, msisdn = '48100200300') => `${id};2020-01-10T00:00:00Z;${msisdn};10`
const csvs = (first: number, count: number) =>
  Array.from({ length: count }, (_, n) => ({ value: csv(first + n), partition: 0 }))

const agreement = {
  id: 'agreement-1',
  msisdn: '48100200300',
  signedAt: '2019-12-15T00:00+01:00[Europe/Warsaw]',
  serviceStartAt: '2020-01-01T00:00+01:00[Europe/Warsaw]',
  billingPeriodTimeZone: 'Europe/Warsaw',
  maxBytesInBillingPeriod: 1000,
}

const idsOf = async (eventStore: EventStore) =>
  (await wholeLog(eventStore, ['subscriber'])).map(
    ({ data }) => (data as { externalRecordId: string }).externalRecordId,
  )

async function lettersOf(eventStore: EventStore) {
  return (await wholeLog(eventStore, ['deadletter'])).flatMap(({ type, data, metadata }) => {
    if (type !== 'RecordRejected') return []
    const { deadLetterId: id, reason, detail, ...rest } = data as RecordRejected['data']
    return [{ id, reason, detail, raw: rawBytes(rest), source: metadata.source }]
  })
}

/** What the only partition of data records has come to. */
async function progressOf(eventStore: EventStore) {
  const events = await wholeLog(eventStore, ['source'])
  const own = ({ type, stream }: (typeof events)[number]) =>
    type !== 'SourceClaimed' && stream.startsWith('source-data-records-kafka-')
  return events.filter(own).at(-1)?.data
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
      await eventsOf(eventStore, ['deadletter'], 8)
      const letter = (await lettersOf(eventStore)).at(-1)
      t.match(letter, { reason: 'record-too-large', source: `kafka:${settings.records}/0/8` })
      t.equal(letter?.raw.length, 4096)
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

  void t.test('goes on where the log says, whatever the broker says', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    await kafka.send(settings.records, csvs(0, 50))
    const first = bridgeOver(t, kafka, { eventStore, settings })
    await eventsOf(eventStore, ['subscriber'], 50)
    await first.stop()
    const committed = await kafka.admin.fetchOffsets({ groupId: settings.group, topics: [settings.records] })
    t.match(committed, [{ partitions: [{ offset: '50' }] }], 'it tells the broker how far it is, for display')
    await kafka.send(settings.records, csvs(50, 50))
    for (const offset of ['100', '20']) {
      // Of what is behind nothing is taken twice, and of what is before nothing is left out.
      await kafka.commit(settings.group, settings.records, offset)
      const again = bridgeOver(t, kafka, { eventStore, settings })
      await eventsOf(eventStore, ['subscriber'], 100)
      await again.stop()
    }
    t.same(
      await idsOf(eventStore),
      Array.from({ length: 100 }, (_, n) => String(n)),
    )
    t.equal((await wholeLog(eventStore, ['deadletter'])).length, 0)
    t.match(await progressOf(eventStore), {
      offset: 100,
      counts: { read: 100, appended: 100, duplicates: 0 },
    })
  })

  void t.test('where nothing comes any more, the log says how far it has come', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    await kafka.send(settings.records, csvs(0, 10))
    bridgeOver(t, kafka, { eventStore, settings })
    await until(
      async () => ((await progressOf(eventStore)) as { offset?: number } | undefined)?.offset === 10,
    )
    const { length } = await wholeLog(eventStore, ['source'])
    await kafka.send(settings.records, csvs(10, 10))
    await until(
      async () => ((await progressOf(eventStore)) as { offset?: number } | undefined)?.offset === 20,
    )
    t.equal((await wholeLog(eventStore, ['source'])).length, length + 2, 'once')
  })

  void t.test('a broker that has forgotten the group changes nothing', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    await kafka.send(settings.records, csvs(0, 10))
    const first = bridgeOver(t, kafka, { eventStore, settings })
    await eventsOf(eventStore, ['subscriber'], 10)
    await first.stop()
    await kafka.send(settings.records, csvs(10, 10))
    const second = bridgeOver(t, kafka, { eventStore, settings: { ...settings, group: kafka.name('other') } })
    await eventsOf(eventStore, ['subscriber'], 20)
    t.match(
      second.reports.of('claimed').find(({ partition }) => partition === `${settings.records}/0`),
      { offset: 9 },
    )
    t.equal((await wholeLog(eventStore, ['subscriber'])).length, 20)
  })

  void t.test('appends in pages, and finishes the page in hand when it is told to stop', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    const pages: number[] = []
    const watching: EventStore = {
      ...passedOn(eventStore),
      append: async (events, expect) => {
        const records = events.filter(({ type }) => type === 'DataRecorded').length
        if (records > 0) pages.push(records)
        if (pages.length === 3) void bridge.stop()
        return eventStore.append(events, expect)
      },
    }
    await kafka.send(settings.records, csvs(0, 1_000))
    const bridge = bridgeOver(t, kafka, { eventStore: watching, settings, recordsAPage: 64 })
    await bridge.ended
    t.same(pages, [64, 64, 64])
    t.equal((await idsOf(eventStore)).length, 192)
    const again = bridgeOver(t, kafka, { eventStore, settings })
    await eventsOf(eventStore, ['subscriber'], 1_000)
    t.match(
      again.reports.of('claimed').find(({ partition }) => partition === `${settings.records}/0`),
      { offset: 191 },
      'the last record is looked at again, and nothing else',
    )
  })

  void t.test('a log that does not take records for a while delays them, and loses none', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    let broken = true
    const troubled: EventStore = {
      ...passedOn(eventStore),
      append: async (events, expect) => {
        const hasRecords = events.some(({ type }) => type === 'DataRecorded')
        if (broken && hasRecords) throw new Error('the disk is full')
        return eventStore.append(events, expect)
      },
    }
    await kafka.send(settings.records, csvs(0, 10))
    const bridge = bridgeOver(t, kafka, { eventStore: troubled, settings })
    await bridge.reports.met('trouble', `${settings.records}/0`)
    t.match(bridge.troubles(), [`${settings.records}/0: the disk is full`])
    t.ok((await figure(bridge, 'tidemark_kafka_lag')).includes(10), 'what waits is shown')
    broken = false
    await eventsOf(eventStore, ['subscriber'], 10)
    await bridge.reports.met('recovered', `${settings.records}/0`)
    t.same(bridge.troubles(), [])
    t.equal((await idsOf(eventStore)).length, 10)
  })

  void t.test('a member that waits for the log for longer than its session lasts stays one', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    let appends = 0
    const slow: EventStore = {
      ...passedOn(eventStore),
      append: async (events, expect) => {
        const isFirstPage = events.some(({ type }) => type === 'DataRecorded') && appends++ === 0
        if (isFirstPage) await new Promise((resolve) => setTimeout(resolve, kafka.session * 2.5))
        return eventStore.append(events, expect)
      },
    }
    await kafka.send(settings.records, csvs(0, 30))
    const bridge = bridgeOver(t, kafka, { eventStore: slow, settings, recordsAPage: 10 })
    await eventsOf(eventStore, ['subscriber'], 30)
    t.equal(bridge.reports.of('assigned').length, 1)
    t.equal(bridge.reports.of('fenced').length, 0)
  })

  void t.test('an append whose answer was lost is repeated, to no effect', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    let lost = 0
    const forgetful: EventStore = {
      ...passedOn(eventStore),
      append: async (events, expect) => {
        const appended = await eventStore.append(events, expect)
        if (events.some(({ type }) => type === 'DataRecorded') && lost++ < 2) throw new Error('no answer')
        return appended
      },
    }
    await kafka.send(settings.records, csvs(0, 30))
    const bridge = bridgeOver(t, kafka, { eventStore: forgetful, settings, recordsAPage: 10 })
    await eventsOf(eventStore, ['subscriber'], 30)
    await bridge.stop()
    t.equal((await idsOf(eventStore)).length, 30)
    t.match(await progressOf(eventStore), { counts: { read: 30, appended: 30, duplicates: 0, rejected: 0 } })
    t.equal(bridge.reports.of('fenced').length, 0, 'it does not take itself for somebody else')
  })

  void t.test('whoever claims a partition gets it, and the others are read on', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings(2)
    const bridge = bridgeOver(t, kafka, { eventStore, settings, times: { abandoned: 400 } })
    const [one, two] = [`${settings.records}/0`, `${settings.records}/1`]
    await Promise.all([bridge.reports.met('claimed', one), bridge.reports.met('claimed', two)])
    await SourceReader.claim(
      eventStore,
      sourceStream('data-records', `kafka-${settings.records}-0`),
      { source: `kafka:${one}`, group: 'another', member: 'another' },
      { offset: 0 },
    )
    await kafka.send(settings.records, [
      { value: csv('a'), partition: 0 },
      { value: csv('b'), partition: 1 },
    ])
    await bridge.reports.met('fenced', one)
    t.match(bridge.reports.of('fenced'), [{ what: one, by: 'another' }])
    await eventsOf(eventStore, ['subscriber'], 1)
    t.same(await idsOf(eventStore), ['b'])
    t.same(bridge.troubles(), [], 'that is no failure')
    // The other one never writes a thing: after a while the partition is claimed back.
    await eventsOf(eventStore, ['subscriber'], 2)
    t.same(await idsOf(eventStore), ['b', 'a'])
  })

  void t.test('bridges of one group share the partitions, and take over from each other', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings(4)
    const send = (first: number) =>
      kafka.send(
        settings.records,
        Array.from({ length: 200 }, (_, n) => ({ value: csv(first + n, String(n % 20)), partition: n % 4 })),
      )
    const a = bridgeOver(t, kafka, { eventStore, settings })
    await send(0)
    await eventsOf(eventStore, ['subscriber'], 200)
    const b = bridgeOver(t, kafka, { eventStore, settings })
    await b.reports.next((report) => report.type === 'assigned' && report.partitions.length > 0)
    await send(200)
    await eventsOf(eventStore, ['subscriber'], 400)
    await a.stop()
    await send(400)
    await eventsOf(eventStore, ['subscriber'], 600)
    await b.stop()
    const ids = await idsOf(eventStore)
    t.equal(ids.length, 600)
    t.equal(new Set(ids).size, 600)
    for (const partition of [0, 1, 2, 3]) {
      const offsets = (await wholeLog(eventStore, ['subscriber'])).flatMap(({ metadata }) =>
        metadata.source?.startsWith(`kafka:${settings.records}/${partition}/`)
          ? [Number(metadata.source.split('/').at(-1))]
          : [],
      )
      t.same(offsets, Array.from(offsets.keys()), 'in the order of the partition')
    }
    const last = new Map<string, unknown>()
    for (const { stream, data } of await wholeLog(eventStore, ['source'])) last.set(stream, data)
    for (const [stream, data] of last) {
      if (stream.includes('data-records'))
        t.match(data, { offset: 150, counts: { read: 150, appended: 150 } })
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

  void t.test('packed batches are read', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    const producer = kafka.client().producer()
    await producer.connect()
    t.teardown(() => producer.disconnect())
    await producer.send({
      topic: settings.records,
      messages: csvs(0, 100),
      compression: CompressionTypes.GZIP,
    })
    bridgeOver(t, kafka, { eventStore, settings })
    t.equal((await eventsOf(eventStore, ['subscriber'], 100)).length, 100)
  })
})

/** The values of a figure, whatever its labels. */
async function figure(
  bridge: Pick<ReturnType<typeof bridgeOver>, 'metrics'>,
  name: string,
): Promise<number[]> {
  for (const metric of bridge.metrics) {
    const { name: found, values } = await metric.get()
    if (found === name) return values.map(({ value }) => value)
  }
  throw new Error(`there is no figure ${name}`)
}

function passedOn(eventStore: EventStore): Omit<EventStore, 'append'> {
  return {
    readStream: (stream, page) => eventStore.readStream(stream, page),
    readAll: (page) => eventStore.readAll(page),
    follow: (page, signal) => eventStore.follow(page, signal),
    head: () => eventStore.head(),
    streams: (page) => eventStore.streams(page),
    close: () => eventStore.close(),
  }
}
