import t from 'tap'
import type { BillingPeriod } from '../../domain/billing-period.js'
import { dataPlans } from '../../projections/data-plans/data-plans.js'
import { periods } from './periods-in-short.js'
import { cutInto, foldToHead, openTidemark, recorded, signed, textsOf } from './tidemark.js'

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
