import t from 'tap'
import type { NewEvent } from '../../domain/event.js'
import { customerBilling } from '../../projections/billing/customer-billing.js'
import { billed, billedIn, billingOf } from './billing.js'
import { Countdown, Stopped, stoppingCommits } from './stopping.js'
import { cutInto, foldToHead, openTidemark, textsOf, wholeLog } from './tidemark.js'

t.setTimeout(180_000)

void t.test('an invoice is issued when the clock reaches the end, not a millisecond before', async (t) => {
  const tidemark = await openTidemark(t)
  const { told, invoices } = billingOf(tidemark)
  await tidemark.append(
    billed('Emma', '2020-01-10T00:00:00Z', '1'),
    billed('Emma', '2020-01-31T23:59:59.999Z', '2'),
    billed('Liam', '2020-02-01T00:00:00Z', '4'),
    // Twelve hours behind, the clock is a millisecond before the end of January.
    billed('Liam', '2020-02-01T11:59:59.999Z', '4'),
  )
  await tidemark.fold()
  t.same(await told(), [])
  await tidemark.append(billed('Olga', '2020-02-01T12:00:00Z', '8'))
  await tidemark.fold()
  t.same(await told(), ['issued 2020-01/Emma 3.00'])
  t.match((await invoices())['2020-01/Emma'], { totalCents: 300, eventCount: 2, revision: 0 })
})

void t.test('the clock is everybody’s, and an event within twelve hours is not late', async (t) => {
  const tidemark = await openTidemark(t)
  const { told, totals } = billingOf(tidemark)
  await tidemark.append(
    billed('Emma', '2020-01-31T13:00:00Z', '1'),
    billed('Liam', '2020-02-01T11:00:00Z', '1'),
    billed('Emma', '2020-01-31T14:00:00Z', '2'),
    billed('Liam', '2020-02-05T00:00:00Z', '1'),
  )
  await tidemark.fold()
  t.same(await told(), ['issued 2020-01/Emma 3.00'])
  t.match(await totals(), { '2020-01/Emma': 300 })
})

void t.test('an event after the invoice corrects it with the difference, years late as well', async (t) => {
  const tidemark = await openTidemark(t)
  const { told, invoices, totals, differences } = billingOf(tidemark)
  await tidemark.append(
    billed('Emma', '2020-01-10T00:00:00Z', '10'),
    billed('Emma', '2029-07-01T00:00:00Z', '1'),
    billed('Emma', '2020-01-31T23:59:59.999Z', '2.345'),
    billed('Emma', '2020-01-01T00:00:00Z', '-5.001'),
  )
  await tidemark.fold()
  await tidemark.append(billed('Emma', '2020-01-20T00:00:00Z', '0'))
  await tidemark.fold()
  t.same(await told(), [
    'issued 2020-01/Emma 10.00',
    'corrected 1 2020-01/Emma 12.35 +2.35',
    'corrected 2 2020-01/Emma 7.34 -5.01',
    'corrected 3 2020-01/Emma 7.34 +0.00',
  ])
  t.match((await invoices())['2020-01/Emma'], {
    totalCents: 734,
    eventCount: 4,
    revision: 3,
    issuedCents: 1000,
    differenceCents: 0,
  })
  t.match(await totals(), { '2020-01/Emma': 734 })
  t.same(await differences(), [])
})

void t.test('a first event for a month that has ended is invoiced at once', async (t) => {
  const tidemark = await openTidemark(t)
  const { told, differences } = billingOf(tidemark)
  const late = billed('Liam', '2020-01-10T00:00:00Z', '2')
  await tidemark.append(
    billed('Emma', '2020-03-10T00:00:00Z', '1'),
    late,
    billed('Liam', '2020-01-11T00:00:00Z', '4'),
  )
  await tidemark.fold()
  t.same(await told(), ['issued 2020-01/Liam 2.00', 'corrected 1 2020-01/Liam 6.00 +4.00'])
  const [issued] = await wholeLog(tidemark.eventStore, ['invoice'])
  t.equal(issued?.metadata.causationId, late.id)
  t.same(await differences(), [])
})

void t.test('months in between that nobody used are not invoiced', async (t) => {
  const tidemark = await openTidemark(t)
  const { told } = billingOf(tidemark)
  for (const month of ['2020-01', '2020-03', '2020-07']) {
    await tidemark.append(billed('Emma', `${month}-10T00:00:00Z`, '1'))
    await tidemark.fold()
  }
  t.same(await told(), ['issued 2020-01/Emma 1.00', 'issued 2020-03/Emma 1.00'])
})

void t.test('several months that end at once are invoiced in their order', async (t) => {
  const tidemark = await openTidemark(t)
  const { told, differences } = billingOf(tidemark)
  await tidemark.append(
    billed('Liam', '2020-02-10T00:00:00Z', '1'),
    billed('Emma', '2020-01-10T00:00:00Z', '1'),
    billed('Liam', '2020-01-10T00:00:00Z', '1'),
    billed('Emma', '2020-06-10T00:00:00Z', '1'),
  )
  await tidemark.fold()
  t.same(await told(), ['issued 2020-01/Emma 1.00', 'issued 2020-01/Liam 1.00', 'issued 2020-02/Liam 1.00'])
  t.same(await differences(), [])
})

void t.test('a month ends on the clock of the billing time zone', async (t) => {
  for (const [zone, end] of [
    ['Europe/Warsaw', '2020-03-31T22:00:00Z'],
    ['Europe/Warsaw', '2020-01-31T23:00:00Z'],
    ['Asia/Kathmandu', '2020-03-31T18:15:00Z'],
  ] as const) {
    const tidemark = await openTidemark(t)
    const { told } = billingOf(tidemark)
    const passes = Date.parse(end) + 12 * 3_600_000
    await tidemark.append(
      billedIn(zone),
      billed('Emma', new Date(Date.parse(end) - 1).toISOString(), '1'),
      billed('Liam', new Date(passes - 1).toISOString(), '1'),
    )
    await tidemark.fold()
    t.same(await told(), [], zone)
    await tidemark.append(billed('Liam', new Date(passes).toISOString(), '1'))
    await tidemark.fold()
    t.match(await told(), [/^issued .*Emma 1\.00$/], zone)
  }
})

void t.test('the last month there is stays open', async (t) => {
  const tidemark = await openTidemark(t)
  const { told, totals, differences } = billingOf(tidemark)
  const last = new Date(253_402_214_399_999).toISOString()
  await tidemark.append(billed('Emma', '2020-01-01T00:00:00Z'), billed('Emma', last))
  await tidemark.fold()
  t.same(await told(), ['issued 2020-01/Emma 1.00'])
  t.same(await totals(), { '2020-01/Emma': 100, '9999-12/Emma': 100 })
  t.same(await differences(), [])
})

void t.test('thousands of customers are invoiced at one event, each once', async (t) => {
  const tidemark = await openTidemark(t)
  const { told, invoices, differences } = billingOf(tidemark)
  const customers = Array.from({ length: 2_500 }, (_, n) => `customer-${n}`)
  await tidemark.append(...customers.map((customer) => billed(customer, '2020-01-20T00:00:00Z', '1')))
  await tidemark.append(...customers.map((customer) => billed(customer, '2020-02-01T11:00:00Z', '2')))
  await tidemark.fold()
  t.same(await told(), [])
  await tidemark.append(billed('one', '2020-02-01T12:00:00Z', '1'))
  await tidemark.fold()
  const all = await told()
  t.equal(all.length, 2_500)
  t.equal(new Set(all).size, 2_500)
  t.equal(Object.keys(await invoices()).length, 2_500)
  t.same(await differences(), [])
})

void t.test('a stop while a month is being closed issues nothing twice and leaves nothing out', async (t) => {
  const customers = Array.from({ length: 11_000 }, (_, n) => `customer-${n}`)
  let halfDone = 0
  for (const commits of [5, 6, 7]) {
    const tidemark = await openTidemark(t)
    const { eventStore, readStore } = tidemark
    await tidemark.append(...customers.map((customer) => billed(customer, '2020-01-20T00:00:00Z', '1')))
    await tidemark.append(billed('one', '2020-02-01T12:00:00Z', '1'))
    const stopping = stoppingCommits(readStore, new Countdown(commits))
    await t.rejects(foldToHead(customerBilling, eventStore, stopping), Stopped)
    const { billing: clock } = await textsOf(await tidemark.live(customerBilling.name), 'clocks')
    const isHalfDone = clock?.includes('"closingFrom":"2020-01/customer-') ?? false
    await tidemark.fold(customerBilling)
    const told = await billingOf(tidemark).told()
    t.equal(told.length, 11_000)
    t.equal(new Set(told).size, 11_000)
    if (isHalfDone) t.same(await tidemark.differences(customerBilling), [])
    halfDone += Number(isHalfDone)
    if (isHalfDone) break
  }
  t.ok(halfDone > 0, 'a stop came in the middle of it')
})

void t.test('what is issued does not depend on where pages end', async (t) => {
  const days = [
    '2020-01-10',
    '2020-01-31',
    '2020-02-03',
    '2020-01-11',
    '2020-03-02',
    '2020-02-04',
    '2020-01-12',
  ]
  const events = days.flatMap((day, n) => [
    billed('Emma', `${day}T00:00:00Z`, `${n + 1}.00`),
    billed(n % 2 === 0 ? 'Liam' : 'Olga', `${day}T01:00:00Z`, '1'),
  ])
  const results: unknown[] = []
  for (const size of [1, 2, 3, 5, 1_000]) {
    const tidemark = await openTidemark(t)
    await tidemark.append(...events)
    await foldToHead(customerBilling, tidemark.eventStore, tidemark.readStore, cutInto(size))
    const build = await tidemark.live(customerBilling.name)
    const told = await wholeLog(tidemark.eventStore, ['invoice'])
    results.push({
      told: told.map(({ id, stream, revision, data }) => JSON.stringify([stream, revision, id, data])).sort(),
      months: await textsOf(build, 'customer-months'),
      invoices: await textsOf(build, 'invoices'),
      clocks: await textsOf(build, 'clocks'),
    })
    t.same(await tidemark.differences(customerBilling), [])
  }
  for (const result of results) t.same(result, results[0])
})

void t.test(
  'the check: types, totals, invoices and the input agree, for every customer and month',
  async (t) => {
    const tidemark = await openTidemark(t)
    const { months, invoices, typeTotals } = billingOf(tidemark)
    const types = ['MESSAGE', 'data', 'Call', 'PACK', 'misc']
    let input = 0
    const events: NewEvent[] = []
    for (let n = 0; n < 400; n++) {
      const cents = ((n * 7_919) % 3_001) - 900
      input += cents
      const day = new Date(Date.UTC(2020, 0, 1) + ((n * 37) % 170) * 86_400_000).toISOString()
      const amount = `${cents < 0 ? '-' : ''}${Math.floor(Math.abs(cents) / 100)}.${String(Math.abs(cents) % 100).padStart(2, '0')}`
      events.push(billed(`customer-${n % 7}`, day, amount, types[n % 5]))
    }
    await tidemark.append(...events)
    await tidemark.fold()
    const [all, issued, byType] = [await months(), await invoices(), await typeTotals()]
    let [total, ofTypes] = [0, 0]
    for (const [id, { totalCents, subtotals, customer, month }] of Object.entries(all)) {
      const sum = Object.values(subtotals).reduce((cents, { totalCents }) => cents + Number(totalCents), 0)
      t.equal(sum, totalCents, `the types of ${id} sum up to its total`)
      for (const [type, { totalCents, eventCount }] of Object.entries(subtotals)) {
        t.equal(
          byType[`${month}/${type}/${customer}`] ?? (eventCount === 0 && 0),
          totalCents,
          `${type} of ${id}`,
        )
      }
      if (month !== '2020-06') t.equal(issued[id]?.totalCents, totalCents, `and so does the invoice of ${id}`)
      total += Number(totalCents)
    }
    for (const [id, cents] of Object.entries(byType)) if (id.split('/').length === 2) ofTypes += Number(cents)
    t.equal(total, input, 'over everything it is the sum of the input')
    t.equal(ofTypes, input)
    t.ok(Object.keys(issued).length > 30)
  },
)
