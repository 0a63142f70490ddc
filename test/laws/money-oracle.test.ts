import t from 'tap'
import {
  expectedMoney,
  expectedPublications,
  expectedUnresolved,
  expectedWanted,
  type Fact,
  type MoneyFact,
} from './money-oracle.js'

/** The oracle itself, by cases that were worked out by hand. */

const rules = { timeToLive: 1_000, wait: 20 }
const money = (id: string, at: number, change: Partial<MoneyFact> = {}): MoneyFact => ({
  type: 'money',
  id,
  user: 'u',
  session: 's',
  at,
  moneyType: 'REAL',
  old: false,
  ...change,
})
const created = (at: number, country = 'PL'): Fact => ({ type: 'created', session: 's', at, country })
const moved = (at: number, value: string, id = 'c'): Fact => ({
  type: 'user',
  id,
  user: 'u',
  at,
  field: 'country',
  value,
})
const answer = (country?: string, lookup = 1): Fact => ({ type: 'answer', session: 's', lookup, country })

const of = (facts: readonly Fact[]) =>
  [...expectedMoney(facts, rules).values()].map(({ id, country, session, client, first }) =>
    [id, session, client, country, first && 'first'].filter(Boolean).join(' '),
  )

void t.test('session info', async (t) => {
  t.same(of([money('m', 0, { session: undefined })]), ['m none first'])
  t.same(of([money('m', 0)]), ['m pending first'])
  t.same(of([money('m', 999), created(0)]), ['m known PL first'])
  t.same(of([money('m', 1_000), created(0)]), ['m pending first'])
  t.same(of([money('m', 0), created(5), created(5, 'DE'), created(9, 'AA')]), ['m known DE first'])
  t.same(of([money('m', 0), answer('SE')]), ['m looked-up SE first'])
  t.same(of([money('m', 0), answer('SE'), created(0)]), ['m known PL first'])
  t.same(of([money('m', 0, { old: true }), created(0)]), ['m pending first'])
  t.same(of([money('m', 0), answer()]), ['m unresolved first'])
  t.same(of([money('m', 0), answer(), { type: 'retry', session: 's', lookup: 2 }]), ['m pending first'])
  t.same(of([money('m', 0), answer('SE', 2), answer(), { type: 'retry', session: 's', lookup: 2 }]), [
    'm looked-up SE first',
  ])
})

void t.test('user info, and the first of each type', async (t) => {
  const none = { session: undefined }
  const facts = [moved(5, 'PL'), moved(7, 'DE'), moved(7, 'SE', 'b'), moved(9, 'MT')]
  t.same(of([money('m', 7, none), ...facts]), ['m none DE first'])
  t.same(of([money('m', 4, none), ...facts]), ['m none first'])
  t.same(of([money('b', 4, none), money('a', 4, none), money('c', 3, { ...none, moneyType: 'BONUS' })]), [
    'b none',
    'a none first',
    'c none first',
  ])
})

void t.test('which sessions are wanted, and which are unresolved', async (t) => {
  const wanted = (...facts: Fact[]) => expectedWanted(facts, rules)
  t.same(wanted(money('m', 0), money('n', 20, { session: undefined })), [])
  t.same(wanted(money('m', 0), money('n', 21, { session: undefined })), ['s'])
  t.same(wanted(money('m', 0), { type: 'closed', session: 'x', at: 21 }), ['s'])
  t.same(wanted(money('m', 0, { old: true })), ['s'])
  t.same(wanted(money('m', 1_000), created(0)), ['s'])
  t.same(wanted(money('m', 999), created(0), moved(5_000, 'PL')), [])
  t.same(wanted(money('m', 0, { old: true }), answer('PL')), [])
  t.same(expectedUnresolved([money('m', 0), answer()], rules), ['s'])
  t.same(expectedUnresolved([money('m', 0), answer(), created(0)], rules), [])
})

void t.test('what is published, in which order', async (t) => {
  const log = [
    money('m', 5),
    moved(0, 'PL'),
    created(0),
    moved(0, 'PL', 'd'),
    moved(1, 'DE'),
    money('l', 4),
    answer('SE'),
  ]
  const published = (id: string) =>
    expectedPublications(log, rules)
      .get(`u/${id}`)
      ?.map(({ country, first, session }) => `${session} ${country} ${first}`)
  t.same(published('m'), ['known PL true', 'known DE true', 'known DE false'])
  t.same(published('l'), ['known DE true'])
})
