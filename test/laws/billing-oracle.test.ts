import t from 'tap'
import {
  centsOf,
  expectedInvoices,
  expectedMonths,
  expectedTypes,
  type BilledFact,
} from './billing-oracle.js'

/** An oracle has to be right itself: a few worked examples, small enough to be checked by hand. */

let serial = 0
const fact = (customer: string, at: string, amount = '1', type = 'data'): BilledFact => ({
  n: serial++,
  customer,
  at: Date.parse(at),
  amount,
  type,
})

void t.test('rounds away from zero', async (t) => {
  const amounts = {
    '0': 0n,
    '1': 100n,
    '0.1': 10n,
    '0.101': 11n,
    '-0.001': -1n,
    '-2.5': -250n,
    '1.2300': 123n,
  }
  for (const [amount, cents] of Object.entries(amounts)) t.equal(centsOf(amount), cents, amount)
})

void t.test('sums by customer, month and type, on the clock of the zone', async (t) => {
  const facts = [
    fact('Emma', '2020-03-31T21:59:59.999Z', '1.001'),
    fact('Emma', '2020-03-31T22:00:00Z', '2', 'Call'),
    fact('Emma', '2020-03-31T22:00:00Z', '2', 'CALL'),
  ]
  const months = expectedMonths(facts, 'Europe/Warsaw')
  t.match(months.get('2020-03/Emma'), { total: '101', count: 1, types: { DATA: { total: '101' } } })
  t.match(months.get('2020-04/Emma'), { total: '400', count: 2, types: { CALL: { total: '400', count: 2 } } })
  t.same(
    [...expectedTypes(facts, 'UTC')],
    [
      ['2020-03/DATA', { total: '101', count: 1 }],
      ['2020-03/DATA/Emma', { total: '101', count: 1 }],
      ['2020-03/CALL', { total: '400', count: 2 }],
      ['2020-03/CALL/Emma', { total: '400', count: 2 }],
    ],
  )
})

void t.test('a month has ended when the clock, twelve hours behind, has reached its end', async (t) => {
  const first = fact('Emma', '2020-01-10T00:00:00Z')
  const ended = (at: string) => expectedMonths([first, fact('Liam', at)], 'UTC').get('2020-01/Emma')?.ended
  t.equal(ended('2020-02-01T11:59:59.999Z'), false)
  t.equal(ended('2020-02-01T12:00:00Z'), true)
})

void t.test('says what has to be said, in order', async (t) => {
  const log = [
    fact('Emma', '2020-01-10T00:00:00Z', '10'),
    fact('Liam', '2020-02-01T12:00:00Z'),
    fact('Emma', '2020-01-11T00:00:00Z', '-0.001'),
    fact('Noah', '2020-01-12T00:00:00Z', '3'),
    fact('Noah', '2020-01-13T00:00:00Z', '0'),
  ]
  t.same(
    [...expectedInvoices(log, 'UTC')],
    [
      ['2020-01/Emma', ['issued 1000 of 1', 'corrected 1 999 of 2 was 1000 by -1']],
      ['2020-01/Noah', ['issued 300 of 1', 'corrected 1 300 of 2 was 300 by 0']],
    ],
  )
})
