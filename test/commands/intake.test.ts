import t from 'tap'
import { arrivalOf } from '../../bridge/arrivals.js'
import { LineSplitter } from '../../bridge/formats/lines.js'
import { takeIn } from '../../commands/intake.js'
import { wholeLog } from '../projections/tidemark.js'
import { arriving, line } from './arriving.js'
import { openLog } from '../event-store/open-log.js'

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
