import t from 'tap'
import { deadLetterBytes } from '../../commands/dead-letter-bytes.js'
import { takeIn } from '../../commands/intake.js'
import { MAX_RECORD_BYTES } from '../../domain/record-size.js'
import { wholeLog } from '../projections/tidemark.js'
import { arriving, deadLetters, line } from './arriving.js'
import { openLog } from '../event-store/open-log.js'

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

void t.test(
  'a dead letter too large for one event is in several, beside another at its coordinate',
  async (t) => {
    const eventStore = openLog(t)
    const [one, other] = ['x', 'y'].map((letter) => letter.repeat(2 * MAX_RECORD_BYTES + 1)) as [
      string,
      string,
    ]
    for (const text of [one, one, other, other]) {
      const taken = await takeIn(eventStore, arriving('kafka:records/0', [text]))
      t.match(taken, { rejected: [{ code: 'record-too-large' }] })
      t.equal(taken.position, text === one ? 3 : 6)
    }
    const ids = (await wholeLog(eventStore)).map(({ stream }) => stream.slice('deadletter-'.length))
    t.same(ids, [ids[0], ids[0], ids[0], ids[3], ids[3], ids[3]])
    for (const [id = '', text] of [
      [ids[0], one],
      [ids[3], other],
    ] as const) {
      const parts: Buffer[] = []
      for await (const part of deadLetterBytes(eventStore, id)) parts.push(part)
      t.equal(Buffer.concat(parts).toString(), text)
    }
  },
)
