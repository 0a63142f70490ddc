import t from 'tap'
import type { BillingPeriod } from '../../domain/billing-period.js'
import { dataPlans } from '../../projections/data-plans.js'
import {
  advanced,
  cutInto,
  foldToHead,
  openTidemark,
  recorded,
  signed,
  textsOf,
  type Tidemark,
} from './tidemark.js'

/** Its periods in short: `a/2020-01 3 records 30 bytes, latest r3`. */
async function periods(tidemark: Tidemark): Promise<string[]> {
  const documents = await tidemark.documents<BillingPeriod>('billing-periods')
  return Object.entries(documents).map(
    ([id, { recordCount, totalRecordedBytes, latestExternalRecordId }]) =>
      `${id} ${recordCount} records ${totalRecordedBytes} bytes, latest ${latestExternalRecordId}`,
  )
}

void t.test('an agreement that arrives late takes over what was recorded since its start', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    signed({ id: 'old' }),
    recorded('r1', '2020-01-05T00:00:00Z', 1),
    recorded('r2', '2020-01-10T00:00:00Z', 2),
    recorded('r3', '2020-01-15T00:00:00Z', 4),
    recorded('r4', '2020-02-15T00:00:00Z', 8),
  )
  await tidemark.fold()
  await tidemark.append(signed({ id: 'new', starts: '2020-01-10T00:00:00Z' }))
  await tidemark.fold()
  t.same(await periods(tidemark), [
    'new/2020-01 2 records 6 bytes, latest r3',
    'new/2020-02 1 records 8 bytes, latest r4',
    'old/2020-01 1 records 1 bytes, latest r1',
  ])
  t.same(await tidemark.differences(), [])
})

void t.test('only up to the start of the agreement after it', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    signed({ id: 'first' }),
    signed({ id: 'last', starts: '2020-01-20T00:00:00Z' }),
    recorded('r1', '2020-01-09T23:59:59.999Z'),
    recorded('r2', '2020-01-10T00:00:00Z'),
    recorded('r3', '2020-01-19T23:59:59.999Z'),
    recorded('r4', '2020-01-20T00:00:00Z'),
    signed({ id: 'middle', starts: '2020-01-10T00:00:00Z' }),
  )
  await tidemark.fold()
  t.same(await periods(tidemark), [
    'first/2020-01 1 records 10 bytes, latest r1',
    'last/2020-01 1 records 10 bytes, latest r4',
    'middle/2020-01 2 records 20 bytes, latest r3',
  ])
})

void t.test(
  'of the same start, the later signature takes over and the earlier one gets nothing',
  async (t) => {
    const record = recorded('r', '2020-01-05T00:00:00Z')
    const early = signed({ id: 'z', signed: '2019-12-01T00:00:00Z' })
    const late = signed({ id: 'a', signed: '2019-12-02T00:00:00Z' })
    for (const order of [
      [early, late, record],
      [late, early, record],
      [early, record, late],
      [late, record, early],
      [record, early, late],
      [record, late, early],
    ]) {
      const tidemark = await openTidemark(t)
      for (const event of order) await tidemark.append(event)
      await tidemark.fold()
      t.same(await periods(tidemark), ['a/2020-01 1 records 10 bytes, latest r'])
      t.same(Object.keys(await tidemark.documents('agreements')), ['a', 'z'], 'both are known')
      t.same(await tidemark.differences(), [])
    }
  },
)

void t.test('of the same start and signature, the greatest id takes over', async (t) => {
  for (const order of [
    ['a', 'b'],
    ['b', 'a'],
  ]) {
    const tidemark = await openTidemark(t)
    await tidemark.append(signed({ id: order[0]! }), recorded('r', '2020-01-05T00:00:00Z'))
    await tidemark.append(signed({ id: order[1]! }))
    await tidemark.fold()
    t.same(await periods(tidemark), ['b/2020-01 1 records 10 bytes, latest r'])
  }
})

void t.test('each agreement keeps its own months, whatever the zone of the other', async (t) => {
  const tidemark = await openTidemark(t)
  const records = [
    // The last hour of 2011 in Warsaw is 2012 in Apia, and the hour before is too.
    recorded('r1', '2011-12-31T09:30:00Z', 1),
    recorded('r2', '2011-12-31T10:30:00Z', 2),
    recorded('r3', '2011-12-31T22:30:00Z', 4),
    recorded('r4', '2011-12-31T23:30:00Z', 8),
  ]
  await tidemark.append(
    signed({ id: 'warsaw', zone: 'Europe/Warsaw', starts: '2011-01-01T00:00:00Z' }),
    ...records,
  )
  await tidemark.fold()
  t.same(await periods(tidemark), [
    'warsaw/2011-12 3 records 7 bytes, latest r3',
    'warsaw/2012-01 1 records 8 bytes, latest r4',
  ])
  await tidemark.append(signed({ id: 'apia', zone: 'Pacific/Apia', starts: '2011-12-31T09:30:00Z' }))
  await tidemark.fold()
  t.same(await periods(tidemark), [
    'apia/2011-12 1 records 1 bytes, latest r1',
    'apia/2012-01 3 records 14 bytes, latest r4',
  ])
  t.same(await tidemark.differences(), [])
})

void t.test(
  'the split of a month keeps the latest of those that stay, ties by id, byte by byte',
  async (t) => {
    const tidemark = await openTidemark(t)
    const ids = ['a', 'ﬁ', '🙂', 'é']
    await tidemark.append(
      signed({ id: 'old' }),
      ...ids.map((id) => recorded(id, '2020-01-05T00:00:00Z')),
      recorded('later', '2020-01-06T00:00:00Z'),
    )
    await tidemark.append(signed({ id: 'new', starts: '2020-01-06T00:00:00Z' }))
    await tidemark.fold()
    t.match(await tidemark.period('old/2020-01'), { recordCount: 4, latestExternalRecordId: '🙂' })
    const other = await openTidemark(t)
    await other.append(signed({ id: 'old' }), ...ids.map((id) => recorded(id, '2020-01-05T00:00:00Z')))
    await other.fold()
    t.match(await other.period('old/2020-01'), { recordCount: 4, latestExternalRecordId: '🙂' })
  },
)

void t.test('a period that loses its last record is gone, and both sides say what changed', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    signed({ id: 'old', max: 5 }),
    recorded('r', '2020-01-15T00:00:00Z', 5),
    advanced('2020-02-01T00:00:00Z'),
  )
  await tidemark.fold()
  await tidemark.append(signed({ id: 'new', starts: '2020-01-10T00:00:00Z', max: 5 }))
  await tidemark.fold()
  t.same(await periods(tidemark), ['new/2020-01 1 records 5 bytes, latest r'])
  t.same(await tidemark.notified(), [
    'DATA_PLAN_EXCEEDED old/2020-01 5',
    'BILLING_PERIOD_CLOSED old/2020-01 5',
    'BILLING_PERIOD_CORRECTED old/2020-01 0 was 5',
    'DATA_PLAN_EXCEEDED new/2020-01 5',
    'BILLING_PERIOD_CLOSED new/2020-01 5',
  ])
  t.same(await tidemark.differences(), [])
})

void t.test('a period that was gone comes back, and raises nothing twice', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    signed({ id: 'old', max: 5 }),
    recorded('r1', '2020-01-15T00:00:00Z', 5),
    advanced('2020-02-01T00:00:00Z'),
    signed({ id: 'new', starts: '2020-01-10T00:00:00Z', max: 100 }),
  )
  await tidemark.fold()
  await tidemark.append(recorded('r2', '2020-01-05T00:00:00Z', 6))
  await tidemark.fold()
  t.match(await tidemark.period('old/2020-01'), { totalRecordedBytes: 6, exceeded: true, status: 'closed' })
  t.same(
    (await tidemark.notified()).filter((text) => text.includes('old/')),
    [
      'DATA_PLAN_EXCEEDED old/2020-01 5',
      'BILLING_PERIOD_CLOSED old/2020-01 5',
      'BILLING_PERIOD_CORRECTED old/2020-01 0 was 5',
      'BILLING_PERIOD_CORRECTED old/2020-01 6 was 0',
    ],
  )
  t.same(await tidemark.differences(), [])
})

void t.test('a period that was gone while the clock passed its end closes when it comes back', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    signed({ id: 'old' }),
    recorded('r1', '2020-01-15T00:00:00Z', 1),
    signed({ id: 'new', starts: '2020-01-10T00:00:00Z' }),
  )
  await tidemark.fold()
  await tidemark.append(advanced('2020-02-01T00:00:00Z'))
  await tidemark.fold()
  t.same(
    await tidemark.notified(),
    ['BILLING_PERIOD_CLOSED new/2020-01 1'],
    'what is not there does not close',
  )
  await tidemark.append(recorded('r2', '2020-01-05T00:00:00Z', 2))
  await tidemark.fold()
  t.same((await tidemark.notified()).slice(1), ['BILLING_PERIOD_CLOSED old/2020-01 2'])
  t.same(await tidemark.differences(), [])
})

void t.test(
  'a period that fell below its limit by a take-over is not exceeded, and exceeds once',
  async (t) => {
    const tidemark = await openTidemark(t)
    await tidemark.append(
      signed({ id: 'old', max: 10 }),
      recorded('r1', '2020-01-05T00:00:00Z', 5),
      recorded('r2', '2020-01-15T00:00:00Z', 5),
      signed({ id: 'new', starts: '2020-01-10T00:00:00Z' }),
    )
    await tidemark.fold()
    t.match(await tidemark.period('old/2020-01'), { exceeded: false, totalRecordedBytes: 5 })
    await tidemark.append(recorded('r3', '2020-01-06T00:00:00Z', 5))
    await tidemark.fold()
    t.match(await tidemark.period('old/2020-01'), { exceeded: true, totalRecordedBytes: 10 })
    t.same(await tidemark.notified(), ['DATA_PLAN_EXCEEDED old/2020-01 10'])
  },
)

void t.test('records may change hands again and again', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(recorded('r', '2020-01-31T12:00:00Z', 3))
  for (let day = 1; day <= 9; day++) {
    await tidemark.append(signed({ id: `a${day}`, starts: `2020-01-0${day}T00:00:00Z` }))
    await tidemark.fold()
    t.same(await periods(tidemark), [`a${day}/2020-01 1 records 3 bytes, latest r`])
  }
  await tidemark.append(signed({ id: 'early', starts: '2020-01-08T12:00:00Z' }))
  await tidemark.fold()
  t.same(await periods(tidemark), ['a9/2020-01 1 records 3 bytes, latest r'])
  t.same(await tidemark.differences(), [])
})

void t.test('thousands of records of many months change hands at once', async (t) => {
  const tidemark = await openTidemark(t)
  const hour = 3_600_000
  const start = Date.parse('2020-01-01T00:00:00Z')
  const records = Array.from({ length: 4_000 }, (_, n) =>
    recorded(`r${n}`, new Date(start + n * 2 * hour).toISOString(), 1),
  )
  await tidemark.append(signed({ id: 'old', zone: 'Europe/Warsaw' }), ...records)
  await tidemark.fold()
  await tidemark.append(
    signed({ id: 'new', starts: '2020-01-03T00:00:00Z', zone: 'America/St_Johns' }),
    recorded('one more', '2020-02-03T00:00:00Z', 1),
  )
  await tidemark.fold()
  const all = Object.values(await tidemark.documents<BillingPeriod>('billing-periods'))
  t.equal(
    all.reduce((sum, { recordCount }) => sum + recordCount, 0),
    4_001,
  )
  t.equal(
    all.reduce((sum, { totalRecordedBytes }) => sum + Number(totalRecordedBytes), 0),
    4_001,
  )
  t.match(await tidemark.period('old/2020-01'), { recordCount: 24 })
  t.equal(await tidemark.period('old/2020-02'), undefined)
  t.same(await tidemark.differences(), [])
})

void t.test('records that lie far apart in the log change hands together', async (t) => {
  const tidemark = await openTidemark(t)
  let serial = 0
  // What is nothing to this projection moves the log on all the same.
  const others = (count: number) =>
    Array.from({ length: count }, () => {
      const id = `6a8f3c1e-0000-5000-8000-${String(serial++).padStart(12, '0')}`
      return { id, stream: 'other-1', type: 'Other', data: {}, metadata: {} }
    })
  for (let stretch = 0; stretch < 4; stretch++) {
    await tidemark.append(
      recorded(`early-${stretch}`, '2020-01-05T00:00:00Z', 1),
      recorded(`late-${stretch}`, '2020-01-15T00:00:00Z', 10),
    )
    await tidemark.append(...others(9_000))
  }
  await tidemark.append(signed({ id: 'old', starts: '2020-01-10T00:00:00Z' }))
  await tidemark.append(...others(17_000))
  await tidemark.append(
    recorded('last', '2020-01-14T00:00:00Z', 100),
    signed({ id: 'new', starts: '2020-01-15T00:00:00Z' }),
    signed({ id: 'first', starts: '2020-01-05T00:00:00Z' }),
  )
  await tidemark.fold(dataPlans)
  t.same(await periods(tidemark), [
    'first/2020-01 4 records 4 bytes, latest early-3',
    'new/2020-01 4 records 40 bytes, latest late-3',
    'old/2020-01 1 records 100 bytes, latest last',
  ])
  t.same(await tidemark.unmatched(), [])
  t.same(await tidemark.differences(), [])
  const cut = { ...dataPlans, name: 'in small pages' }
  await foldToHead(cut, tidemark.eventStore, tidemark.readStore, cutInto(100))
  t.same(
    await textsOf(await tidemark.live(cut.name), 'billing-periods'),
    await textsOf(await tidemark.live(), 'billing-periods'),
  )
})
