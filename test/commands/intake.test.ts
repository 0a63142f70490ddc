import t, { type Test } from 'tap'
import { arrivalOf } from '../../bridge/arrivals.js'
import type { KindName } from '../../bridge/formats/kind-names.js'
import { LineSplitter } from '../../bridge/formats/lines.js'
import { takeIn, type Arrival } from '../../commands/intake.js'
import { rawBytes, type RecordRejected } from '../../domain/dead-letter.js'
import { openEmbeddedEventStore, type EmbeddedEventStore } from '../../event-store/embedded.js'
import { Countdown, stoppingAppends, Stopped, unansweredAppends } from '../projections/stopping.js'
import { temporaryFolder, wholeLog } from '../projections/tidemark.js'

function openLog(t: Test): EmbeddedEventStore {
  const eventStore = openEmbeddedEventStore(temporaryFolder(t))
  t.teardown(() => eventStore.close())
  return eventStore
}

/** Lines as they arrive from a source. */
function arriving(source: string, lines: readonly string[], kind: KindName = 'data-records'): Arrival[] {
  const text = lines.map((line) => line + '\n').join('')
  return new LineSplitter().push(Buffer.from(text)).map((line) => arrivalOf(kind, line, source)!)
}

const line = (id: string, bytes = 10) => `${id};2020-01-10T00:00:00Z;48100200300;${bytes}`

async function deadLetters(eventStore: EmbeddedEventStore) {
  const log = await wholeLog(eventStore, ['deadletter'])
  return log.map(({ data, metadata }) => {
    const { kind, reason, ...rest } = data as RecordRejected['data']
    return { kind, reason, raw: rawBytes(rest).toString(), source: metadata.source }
  })
}

void t.test('records that are new are appended, in their order', async (t) => {
  const eventStore = openLog(t)
  t.same(await takeIn(eventStore, arriving('file:1', [line('a'), line('b')])), {
    position: 2,
    appended: 2,
    duplicates: 0,
    ignored: 0,
    rejected: [],
  })
  t.match(await wholeLog(eventStore), [
    { data: { externalRecordId: 'a' }, metadata: { source: 'file:1#1' } },
    { data: { externalRecordId: 'b' }, metadata: { source: 'file:1#2' } },
  ])
  t.same(await takeIn(eventStore, []), {
    position: 0,
    appended: 0,
    duplicates: 0,
    ignored: 0,
    rejected: [],
  })
})

void t.test(
  'a record that another source brought is a duplicate, with the position of the first',
  async (t) => {
    const eventStore = openLog(t)
    await takeIn(eventStore, arriving('file:1', [line('a'), line('b')]))
    t.same(await takeIn(eventStore, arriving('file:2', [line('b')])), {
      position: 2,
      appended: 0,
      duplicates: 1,
      ignored: 0,
      rejected: [],
    })
    t.equal(await eventStore.head(), 2)
  },
)

void t.test('so is a second one of the same call', async (t) => {
  const eventStore = openLog(t)
  const taken = await takeIn(eventStore, arriving('file:1', [line('a'), line('b'), line('a'), line('a')]))
  t.match(taken, { appended: 2, duplicates: 2, rejected: [] })
})

void t.test('the same content in other words is a duplicate', async (t) => {
  const eventStore = openLog(t)
  const ways = [
    'a;2020-01-10T00:00:00Z;1;10',
    'a;2020-01-10T01:00+01:00[Europe/Warsaw];1;0010',
    '{"externalId":"a","recordedAt":"2020-01-09T20:30:00.000-03:30","msisdn":"1","recordedBytes":1e1}',
    '{"recordedBytes":10,"msisdn":"1","recordedAt":"2020-01-10T00:00Z","id":"a","more":["fields"]}',
  ]
  t.match(await takeIn(eventStore, arriving('file:1', ways)), { appended: 1, duplicates: 3 })
})

void t.test('the same identity with other content is a dead letter, and the first one stands', async (t) => {
  const eventStore = openLog(t)
  const taken = await takeIn(eventStore, arriving('file:1', [line('a', 1), line('b', 2), line('a', 3)]))
  t.match(taken, {
    position: 3,
    appended: 2,
    duplicates: 0,
    rejected: [{ index: 2, code: 'conflicting-duplicate' }],
  })
  t.same(await deadLetters(eventStore), [
    { kind: 'data-records', reason: 'conflicting-duplicate', raw: line('a', 3), source: 'file:1#3' },
  ])
  const [first] = await wholeLog(eventStore)
  t.match(first, { data: { externalRecordId: 'a', recordedBytes: 1 } })
})

void t.test('what contradicts is told from what repeats, each by its own source', async (t) => {
  const eventStore = openLog(t)
  await takeIn(eventStore, arriving('file:1', [line('a', 1)]))
  for (const source of ['file:2', 'file:3', 'file:2']) {
    const taken = await takeIn(eventStore, arriving(source, [line('a', 2), line('a', 1)]))
    t.match(taken, { appended: 0, duplicates: 1, rejected: [{ index: 0 }] })
  }
  t.same(
    (await deadLetters(eventStore)).map(({ source }) => source),
    ['file:2#1', 'file:3#1'],
    'the same record of the same source is one dead letter',
  )
})

void t.test('an agreement with another text is a conflict too', async (t) => {
  const eventStore = openLog(t)
  const agreement = {
    id: 'a',
    msisdn: '1',
    signedAt: '2020-01-01T00:00Z',
    serviceStartAt: '2020-01-01T00:00Z',
    billingPeriodTimeZone: 'UTC',
    maxBytesInBillingPeriod: 1,
  }
  const lines = [agreement, agreement, { ...agreement, msisdn: '2' }].map((one) => JSON.stringify(one))
  const taken = await takeIn(eventStore, arriving('file:1', lines, 'agreements'))
  t.match(taken, { appended: 1, duplicates: 1, rejected: [{ index: 2, code: 'conflicting-duplicate' }] })
})

void t.test(
  'records that cannot be used are dead letters, and counted as such however often they come',
  async (t) => {
    const eventStore = openLog(t)
    const lines = ['nonsense', line('a', 1), line('a', 2), 'b;2020-01-10T00:00:00Z;48100200300;-1']
    for (let attempt = 0; attempt < 2; attempt++) {
      t.match(await takeIn(eventStore, arriving('file:1', lines)), {
        appended: 1,
        duplicates: 0,
        rejected: [
          { index: 0, code: 'wrong-field-count' },
          { index: 2, code: 'conflicting-duplicate' },
          { index: 3, code: 'invalid-bytes' },
        ],
      })
    }
    t.equal((await deadLetters(eventStore)).length, 3)
    t.equal(await eventStore.head(), 4)
  },
)

void t.test(
  'a file that was imported as the wrong kind first keeps its dead letters of both kinds',
  async (t) => {
    const eventStore = openLog(t)
    await takeIn(eventStore, arriving('file:1', [line('a'), 'nonsense'], 'agreements'))
    await takeIn(eventStore, arriving('file:1', [line('a'), 'nonsense'], 'data-records'))
    t.same(
      (await deadLetters(eventStore)).map(({ kind, source }) => `${kind} ${source}`),
      ['agreements file:1#1', 'agreements file:1#2', 'data-records file:1#2'],
    )
  },
)

void t.test(
  'an attempt that was cut short counts, when it is made again, as it would have counted',
  async (t) => {
    const lines = [line('a', 1), 'nonsense', line('a', 2), line('b', 1), line('b', 1), line('known')]
    const whole = openLog(t)
    await takeIn(whole, arriving('file:0', [line('known')]))
    const counted = await takeIn(whole, arriving('file:1', lines))
    t.match(counted, { appended: 2, duplicates: 2, rejected: [{ index: 1 }, { index: 2 }] })
    const cuts = [
      (log: EmbeddedEventStore) => stoppingAppends(log, new Countdown(0)),
      (log: EmbeddedEventStore) => unansweredAppends(log, new Countdown(0)),
      // Between the records and the dead letters of those that contradict.
      (log: EmbeddedEventStore) => stoppingAppends(log, new Countdown(1)),
      (log: EmbeddedEventStore) => unansweredAppends(log, new Countdown(1)),
    ]
    for (const cut of cuts) {
      const eventStore = openLog(t)
      await takeIn(eventStore, arriving('file:0', [line('known')]))
      await t.rejects(takeIn(cut(eventStore), arriving('file:1', lines)), Stopped)
      t.same(await takeIn(eventStore, arriving('file:1', lines)), counted)
      t.same(await deadLetters(eventStore), await deadLetters(whole))
      t.equal(await eventStore.head(), await whole.head())
    }
  },
)

void t.test('of many who bring the same records at once, one brings each', async (t) => {
  const eventStore = openLog(t)
  const ids = Array.from({ length: 50 }, (_, n) => `r${n}`)
  const taken = await Promise.all(
    Array.from({ length: 8 }, (_, caller) =>
      takeIn(
        eventStore,
        arriving(
          `file:${caller}`,
          ids.map((id) => line(id)),
        ),
      ),
    ),
  )
  t.equal(
    taken.reduce((sum, { appended }) => sum + appended, 0),
    50,
  )
  t.equal(
    taken.reduce((sum, { duplicates }) => sum + duplicates, 0),
    7 * 50,
  )
  t.equal(await eventStore.head(), 50)
})

void t.test('of many who contradict each other at once, one stands and the others are kept', async (t) => {
  const eventStore = openLog(t)
  const taken = await Promise.all(
    Array.from({ length: 8 }, (_, caller) =>
      takeIn(eventStore, arriving(`file:${caller}`, [line('a', caller)])),
    ),
  )
  t.equal(
    taken.reduce((sum, { appended }) => sum + appended, 0),
    1,
  )
  t.equal((await deadLetters(eventStore)).length, 7)
})

void t.test('where the fence does not hold, nothing is taken', async (t) => {
  const eventStore = openLog(t)
  const claim = {
    id: '6a8f3c1e-0000-5000-8000-000000000001',
    stream: 'source-x',
    type: 'SourceClaimed',
    data: {},
    metadata: {},
  }
  const fence = { events: [claim], expect: [{ stream: 'source-x', revision: 3 }] }
  await t.rejects(takeIn(eventStore, arriving('file:1', [line('a'), 'nonsense']), fence), {
    code: 'revision-conflict',
  })
  t.equal(await eventStore.head(), 0)
})

void t.test('a dead letter does not take the place of another one at the same coordinate', async (t) => {
  const eventStore = openLog(t)
  const take = (...lines: string[]) => takeIn(eventStore, arriving('kafka:records/0', lines))
  const raws = async () => (await deadLetters(eventStore)).map(({ raw }) => raw)
  await take('nonsense', line('a'))
  t.match(await take('nonsense', line('a')), { rejected: [{ index: 0 }] })
  t.same(await raws(), ['nonsense'], 'the same once more is the same')
  const { position } = await take('other nonsense', line('a', 2))
  t.same(await raws(), ['nonsense', line('a', 2), 'other nonsense'])
  t.equal(position, await eventStore.head())
  await take('other nonsense', line('a', 2))
  await take('nonsense', line('a', 3))
  t.same(await raws(), ['nonsense', line('a', 2), 'other nonsense', line('a', 3)])
  const sources = (await deadLetters(eventStore)).map(({ source }) => source)
  t.equal(new Set(sources).size, 4)
})

const wallet = (type: string, id: string, processedAt: unknown) =>
  JSON.stringify({
    type,
    id,
    userId: 'u',
    processedAt,
    amount: '1',
    currency: 'EUR',
    openingBalance: '0',
    closingBalance: id,
    moneyType: 'REAL',
    isOldMoneyEvent: false,
  })

void t.test('of records that carry only their time, the latest of a page moves the clock', async (t) => {
  const eventStore = openLog(t)
  const lines = [
    wallet('WalletOpened', 'a', '2020-01-01T12:00:00+01:00'),
    wallet('PaymentEvent', '1', '2020-01-01T00:00:00Z'),
    wallet('WalletOpened', 'b', '2020-01-01T11:30:00Z'),
    wallet('WalletOpened', 'c', 'some day'),
    wallet('WalletOpened', 'd', undefined),
    wallet('PaymentEvent', '1', '2020-01-01T00:00:01Z'),
  ]
  const arrivals = new LineSplitter()
    .push(Buffer.from(lines.join('\n') + '\n'))
    .flatMap((line) => arrivalOf('wallet-events', line, 'file:1') ?? [])
  t.equal(arrivals.length, 4, 'two carry nothing at all')
  t.match(await takeIn(eventStore, arrivals), {
    appended: 1,
    duplicates: 0,
    ignored: 2,
    rejected: [{ index: 3, code: 'conflicting-duplicate' }],
  })
  t.match(await wholeLog(eventStore, ['clock']), [
    {
      stream: 'clock-money',
      type: 'MoneyClockAdvanced',
      data: { to: '2020-01-01T11:30:00Z' },
      metadata: { source: 'file:1#3' },
    },
  ])
  const again = await takeIn(eventStore, arrivals.slice(0, 1))
  t.match(again, { appended: 0, duplicates: 0, ignored: 1, position: await eventStore.head() })
  const head = await eventStore.head()
  t.match(await takeIn(eventStore, arrivals.slice(2, 3)), { ignored: 1 })
  t.equal(await eventStore.head(), head, 'the same time is the same event')
})
