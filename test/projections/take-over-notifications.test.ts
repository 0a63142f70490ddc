import t from 'tap'
import { periods } from './periods-in-short.js'
import { advanced, openTidemark, recorded, signed } from './tidemark.js'

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
