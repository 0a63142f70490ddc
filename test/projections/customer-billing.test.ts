import t from 'tap'
import { Outbox } from '../../projections/running/outbox.js'
import { customerBilling } from '../../projections/billing/customer-billing.js'
import { Fold } from '../../projections/running/fold.js'
import { typeBilling } from '../../projections/billing/type-billing.js'
import { billed, billedIn, billingOf } from './billing.js'
import { liveBuild, openTidemark } from './tidemark.js'

t.setTimeout(120_000)

void t.test('sums up by customer and month, with subtotals by type', async (t) => {
  const tidemark = await openTidemark(t)
  const { months, totals } = billingOf(tidemark)
  await tidemark.append(
    billed('Emma', '2020-01-10T00:00:00Z', '12.34', 'data'),
    billed('Emma', '2020-01-11T00:00:00Z', '0.001', 'Call'),
    billed('Emma', '2020-01-12T00:00:00Z', '-2.00', 'MISC'),
    billed('Liam', '2020-01-12T00:00:00Z', '5', 'DATA'),
    billed('Emma', '2020-02-01T00:00:00Z', '7', 'DATA'),
  )
  await tidemark.fold()
  t.same(await totals(), { '2020-01/Emma': 1035, '2020-01/Liam': 500, '2020-02/Emma': 700 })
  t.same((await months())['2020-01/Emma'], {
    customer: 'Emma',
    month: '2020-01',
    totalCents: 1035,
    eventCount: 3,
    subtotals: {
      MESSAGE: { totalCents: 0, eventCount: 0 },
      DATA: { totalCents: 1234, eventCount: 1 },
      CALL: { totalCents: 1, eventCount: 1 },
      PACK: { totalCents: 0, eventCount: 0 },
      MISC: { totalCents: -200, eventCount: 1 },
    },
  })
})

void t.test('sums up by type and month, over all customers and for each', async (t) => {
  const tidemark = await openTidemark(t)
  const { typeTotals } = billingOf(tidemark)
  await tidemark.append(
    billed('Emma', '2020-01-10T00:00:00Z', '1', 'data'),
    billed('Liam', '2020-01-11T00:00:00Z', '2', 'DATA'),
    billed('Liam', '2020-01-11T00:00:00Z', '4', 'PACK'),
    billed('a/b', '2020-02-11T00:00:00Z', '8', 'PACK'),
  )
  await tidemark.fold()
  t.same(await typeTotals(), {
    '2020-01/DATA': 300,
    '2020-01/DATA/Emma': 100,
    '2020-01/DATA/Liam': 200,
    '2020-01/PACK': 400,
    '2020-01/PACK/Liam': 400,
    '2020-02/PACK': 800,
    '2020-02/PACK/a/b': 800,
  })
})

void t.test('sums can be asked for while they fill', async (t) => {
  const tidemark = await openTidemark(t)
  const { totals } = billingOf(tidemark)
  for (let n = 1; n <= 5; n++) {
    await tidemark.append(billed('Emma', '2020-01-10T00:00:00Z'))
    await tidemark.fold()
    t.same(await totals(), { '2020-01/Emma': n * 100 })
  }
})

void t.test('a sum beyond 2^53 stays exact, in documents and on the invoice', async (t) => {
  const tidemark = await openTidemark(t)
  const { totals, told, differences } = billingOf(tidemark)
  const most = '90071992547409.91'
  await tidemark.append(
    billed('Emma', '2020-01-10T00:00:00Z', most),
    billed('Emma', '2020-01-11T00:00:00Z', most),
    billed('Emma', '2020-02-11T00:00:00Z'),
    billed('Emma', '2020-01-12T00:00:00Z', '0.03'),
  )
  await tidemark.fold()
  t.equal((await totals())['2020-01/Emma'], '18014398509481985')
  t.same(await told(), [
    'issued 2020-01/Emma 180143985094819.82',
    'corrected 1 2020-01/Emma 180143985094819.85 +0.03',
  ])
  t.same(await differences(), [])
})

void t.test('customers whose names look like other names are told apart', async (t) => {
  const tidemark = await openTidemark(t)
  const { totals, told } = billingOf(tidemark)
  const names = ['a', 'A', 'a/b', 'a-2020-01', '2020-01', '2020-01/a', '__proto__', 'é', 'e\u0301', '🙂', '0']
  await tidemark.append(
    ...names.map((name, n) => billed(name, '2020-01-10T00:00:00Z', `${n + 1}.00`)),
    billed('z', '2020-02-10T00:00:00Z'),
  )
  await tidemark.fold()
  const found = await totals()
  for (const [n, name] of names.entries()) t.equal(found[`2020-01/${name}`], (n + 1) * 100, `name ${n}`)
  t.equal((await told()).length, names.length)
})

void t.test('months are those of the billing time zone, through daylight saving time', async (t) => {
  const zones: [zone: string, end: string][] = [
    ['UTC', '2020-04-01T00:00:00Z'],
    // In winter one hour ahead, from 29 March on two.
    ['Europe/Warsaw', '2020-03-31T22:00:00Z'],
    // Without daylight saving time, and not a whole number of hours.
    ['Asia/Kathmandu', '2020-03-31T18:15:00Z'],
    ['America/St_Johns', '2020-04-01T02:30:00Z'],
    ['Pacific/Apia', '2020-03-31T10:00:00Z'],
  ]
  for (const [zone, end] of zones) {
    const tidemark = await openTidemark(t)
    const { totals, typeTotals } = billingOf(tidemark)
    const before = new Date(Date.parse(end) - 1).toISOString()
    await tidemark.append(billedIn(zone), billed('Emma', before, '1'), billed('Emma', end, '2'))
    await tidemark.fold()
    t.same(await totals(), { '2020-03/Emma': 100, '2020-04/Emma': 200 }, zone)
    t.match(await typeTotals(), { '2020-03/DATA': 100, '2020-04/DATA': 200 }, zone)
  }
})

void t.test('a midnight that is shown twice ends one month, once', async (t) => {
  const tidemark = await openTidemark(t)
  const { totals } = billingOf(tidemark)
  // St John's went back from 00:01 on 1 November to 23:01 on 31 October.
  await tidemark.append(
    billedIn('America/St_Johns'),
    billed('Emma', '2009-11-01T02:29:59.999Z', '1'),
    billed('Emma', '2009-11-01T02:30:00Z', '2'),
    billed('Emma', '2009-11-01T03:00:00Z', '4'),
  )
  await tidemark.fold()
  t.same(await totals(), { '2009-10/Emma': 100, '2009-11/Emma': 600 })
})

void t.test('a zone that is set when something was billed does not count', async (t) => {
  const tidemark = await openTidemark(t)
  const { totals, differences } = billingOf(tidemark)
  await tidemark.append(
    billed('Emma', '2020-01-31T23:30:00Z'),
    billedIn('Europe/Warsaw'),
    billed('Emma', '2020-01-31T23:30:00Z'),
  )
  await tidemark.fold()
  t.same(await totals(), { '2020-01/Emma': 200 })
  t.same(await differences(), [])
})

void t.test('a zone counts for the events of the same page, and for those of all later ones', async (t) => {
  const tidemark = await openTidemark(t)
  const { totals, differences } = billingOf(tidemark)
  await tidemark.append(
    billedIn('Europe/Warsaw'),
    billed('Emma', '2020-01-31T23:30:00Z'),
    billed('Emma', '2020-01-31T23:30:00Z'),
  )
  await tidemark.fold()
  await tidemark.append(billed('Emma', '2020-01-31T22:30:00Z'), billed('Liam', '2020-01-31T23:30:00Z'))
  await tidemark.fold()
  t.same(await totals(), { '2020-01/Emma': 100, '2020-02/Emma': 200, '2020-02/Liam': 100 })
  t.same(await differences(), [])
})

void t.test('the clocks and records of data plans are none of its business', async (t) => {
  const tidemark = await openTidemark(t)
  const { totals, told } = billingOf(tidemark)
  const { advanced, recorded, signed } = await import('./tidemark.js')
  await tidemark.append(
    signed({ id: 'a' }),
    billed('Emma', '2020-01-10T00:00:00Z'),
    recorded('r', '2029-01-01T00:00:00Z'),
    advanced('2030-01-01T00:00:00Z'),
  )
  await tidemark.fold()
  t.same(await totals(), { '2020-01/Emma': 100 })
  t.same(await told(), [])
})

void t.test('an event the fold cannot handle stops both projections there', async (t) => {
  for (const projection of [customerBilling, typeBilling]) {
    const tidemark = await openTidemark(t)
    const good = billed('Emma', '2020-01-10T00:00:00Z')
    await tidemark.append(good, { ...billed('Emma', '2020-01-11T00:00:00Z'), data: { customer: 'Emma' } })
    const build = await liveBuild(projection, tidemark.readStore)
    const fold = await Fold.open(projection, build, await Outbox.open(build, tidemark.eventStore, 0))
    const page = await tidemark.eventStore.readAll({ after: 0, limit: 10 })
    await t.rejects(fold.apply(page), { code: 'projection-failed', event: { position: 2 } }, projection.name)
  }
})
