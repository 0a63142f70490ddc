import t from 'tap'
import type { BillingPeriod } from '../../domain/billing-period.js'
import { advanced, lateness, openTidemark, recorded, signed } from './tidemark.js'

const hour = 3_600_000

void t.test('a period closes when the clock reaches its end, not a millisecond before', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    signed({ id: 'a' }),
    recorded('r1', '2020-01-10T00:00:00Z', 1),
    recorded('r2', '2020-01-31T23:59:59.999Z', 2),
  )
  await tidemark.fold()
  t.match(await tidemark.period('a/2020-01'), { status: 'open', openUntil: '2020-02-01T00:00:00Z' })
  await tidemark.append(recorded('r3', '2020-02-01T00:00:00Z', 4))
  await tidemark.fold()
  const january = await tidemark.period('a/2020-01')
  t.match(january, { status: 'closed', totalRecordedBytes: 3, lateRecords: 0 })
  t.notOk('openUntil' in january!)
  t.same(await tidemark.notified(), ['BILLING_PERIOD_CLOSED a/2020-01 3'])
})

void t.test('the clock is everybody’s: any record closes what has ended, unmatched ones too', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    signed({ id: 'a', msisdn: '1', zone: 'UTC' }),
    signed({ id: 'b', msisdn: '2', zone: 'America/St_Johns' }),
    recorded('r1', '2020-01-10T00:00:00Z', 1, '1'),
    recorded('r2', '2020-01-10T00:00:00Z', 1, '2'),
    recorded('r3', '2020-02-01T00:00:00Z', 1, 'nobody’s'),
  )
  await tidemark.fold()
  t.same(await tidemark.notified(), ['BILLING_PERIOD_CLOSED a/2020-01 1'], 'it is still January in St John’s')
  await tidemark.append(recorded('r4', '2020-02-01T03:30:00Z', 1, 'nobody’s'))
  await tidemark.fold()
  t.same((await tidemark.notified()).slice(1), ['BILLING_PERIOD_CLOSED b/2020-01 1'])
})

void t.test('a late record is counted and corrects, however late', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    signed({ id: 'a', max: 10 }),
    recorded('r1', '2020-01-10T00:00:00Z', 4),
    recorded('r2', '2029-12-31T00:00:00Z', 1),
    recorded('r3', '2020-01-20T00:00:00Z', 4),
    recorded('r4', '2020-01-05T00:00:00Z', 4),
    recorded('r5', '2020-03-05T00:00:00Z', 12),
  )
  await tidemark.fold()
  t.match(await tidemark.period('a/2020-01'), {
    totalRecordedBytes: 12,
    recordCount: 3,
    lateRecords: 2,
    exceeded: true,
    latestExternalRecordId: 'r3',
  })
  t.same(await tidemark.notified(), [
    'BILLING_PERIOD_CLOSED a/2020-01 4',
    'BILLING_PERIOD_CORRECTED a/2020-01 8 was 4',
    'DATA_PLAN_EXCEEDED a/2020-01 12',
    'BILLING_PERIOD_CORRECTED a/2020-01 12 was 8',
    'DATA_PLAN_EXCEEDED a/2020-03 12',
    'BILLING_PERIOD_CLOSED a/2020-03 12',
  ])
  t.same(await tidemark.differences(), [])
})

void t.test('within the allowed lateness nothing is late', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    lateness(24 * hour),
    signed({ id: 'a' }),
    recorded('r1', '2020-01-10T00:00:00Z', 1),
    recorded('r2', '2020-02-01T23:59:59.999Z', 2),
    recorded('r3', '2020-01-31T00:00:00Z', 4),
  )
  await tidemark.fold()
  t.match(await tidemark.period('a/2020-01'), { status: 'open', totalRecordedBytes: 5, lateRecords: 0 })
  await tidemark.append(recorded('r4', '2020-02-02T00:00:00Z', 8))
  await tidemark.fold()
  t.same(await tidemark.notified(), ['BILLING_PERIOD_CLOSED a/2020-01 5'])
})

void t.test('a smaller allowed lateness closes at once what it was that kept open', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    lateness(24 * hour),
    signed({ id: 'a' }),
    recorded('r1', '2020-01-10T00:00:00Z', 1),
    recorded('r2', '2020-02-01T12:00:00Z', 2),
  )
  await tidemark.fold()
  t.same(await tidemark.notified(), [])
  await tidemark.append(lateness(0))
  await tidemark.fold()
  t.same(await tidemark.notified(), ['BILLING_PERIOD_CLOSED a/2020-01 1'])
  t.same(await tidemark.differences(), [])
})

void t.test('a clock that is advanced closes what a quiet source left open', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(signed({ id: 'a' }), recorded('r1', '2020-01-10T00:00:00Z', 1))
  await tidemark.append(advanced('2020-01-31T23:59:59.999Z'))
  await tidemark.fold()
  t.same(await tidemark.notified(), [])
  await tidemark.append(advanced('2020-02-01T00:00:00Z'), advanced('2020-01-01T00:00:00Z'))
  await tidemark.fold()
  t.same(await tidemark.notified(), ['BILLING_PERIOD_CLOSED a/2020-01 1'])
  await tidemark.append(recorded('r2', '2020-01-11T00:00:00Z', 1))
  await tidemark.fold()
  t.same((await tidemark.notified()).slice(1), ['BILLING_PERIOD_CORRECTED a/2020-01 2 was 1'])
})

void t.test('a clock that is advanced before there is anything makes everything late', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(advanced('2020-06-01T00:00:00Z'))
  await tidemark.fold()
  await tidemark.append(signed({ id: 'a' }), recorded('r1', '2020-01-10T00:00:00Z', 1))
  await tidemark.fold()
  t.match(await tidemark.period('a/2020-01'), { status: 'closed', lateRecords: 1 })
  t.same(await tidemark.notified(), ['BILLING_PERIOD_CLOSED a/2020-01 1'])
})

void t.test(
  'a clock at the end of time closes everything that can end, and the projection goes on',
  async (t) => {
    const tidemark = await openTidemark(t)
    await tidemark.append(
      signed({ id: 'a' }),
      recorded('r1', '2020-01-10T00:00:00Z', 1),
      advanced('9999-12-31T23:59:59.999Z'),
      recorded('r2', '2020-02-10T00:00:00Z', 1),
      recorded('r3', '9999-12-31T23:59:59.999Z', 1),
    )
    await tidemark.fold()
    t.same((await tidemark.notified()).sort(), [
      'BILLING_PERIOD_CLOSED a/2020-01 1',
      'BILLING_PERIOD_CLOSED a/2020-02 1',
    ])
    t.match(await tidemark.period('a/9999-12'), { status: 'open' })
    t.same(await tidemark.differences(), [])
  },
)

void t.test('when the next period to close is emptied, the one after it closes in its time', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    signed({ id: 'a', msisdn: '1' }),
    signed({ id: 'b', msisdn: '2' }),
    recorded('r1', '2020-01-20T00:00:00Z', 1, '1'),
    recorded('r2', '2020-02-05T00:00:00Z', 1, '2'),
  )
  await tidemark.fold()
  await tidemark.append(
    recorded('r3', '2020-02-20T00:00:00Z', 1, '1'),
    // The only open period that ends before March is emptied; nothing is left of it to close.
    signed({ id: 'c', msisdn: '2', starts: '2020-02-01T00:00:00Z', zone: 'Pacific/Apia' }),
  )
  await tidemark.fold()
  await tidemark.append(recorded('r4', '2020-03-01T00:00:00Z', 1, '3'))
  await tidemark.fold()
  t.same((await tidemark.notified()).sort(), [
    'BILLING_PERIOD_CLOSED a/2020-01 1',
    'BILLING_PERIOD_CLOSED a/2020-02 1',
    'BILLING_PERIOD_CLOSED c/2020-02 1',
  ])
  t.same(await tidemark.differences(), [])
})

void t.test('thousands of periods close at one record, each once', async (t) => {
  const tidemark = await openTidemark(t)
  const zones = ['UTC', 'Europe/Warsaw', 'America/St_Johns']
  const subscribers = Array.from({ length: 2_500 }, (_, n) => String(1_000_000 + n))
  await tidemark.append(
    ...subscribers.map((msisdn, n) => signed({ id: `a${msisdn}`, msisdn, zone: zones[n % 3]!, max: 5 })),
    ...subscribers.map((msisdn) => recorded('r', '2020-01-20T00:00:00Z', 1, msisdn)),
  )
  await tidemark.fold()
  await tidemark.append(recorded('one', '2020-02-01T12:00:00Z', 1, '7'))
  await tidemark.fold()
  const closed = await tidemark.notifications()
  t.equal(closed.length, 2_500)
  t.equal(new Set(closed.map(({ stream }) => stream)).size, 2_500)
  const periods = Object.values(await tidemark.documents<BillingPeriod>('billing-periods'))
  t.ok(periods.every(({ status }) => status === 'closed'))
  t.equal(Object.keys(await tidemark.documents('notifications', 'notifications')).length, 2_500)
  t.same(await tidemark.differences(), [])
})
