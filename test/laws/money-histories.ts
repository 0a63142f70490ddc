import fc from 'fast-check'
import { stepsOf, type Step } from './histories.js'
import type { AnswerFact, Fact, MoneyFact, OtherFact, RetryFact, Rules, UserFact } from './money-oracle.js'

/** The same facts about money in two random orders, groupings and multiplicities. */
export interface TwoMoneyHistories {
  readonly facts: readonly Fact[]
  readonly rules: Rules
  readonly one: readonly Step<Fact>[]
  readonly other: readonly Step<Fact>[]
}

const [second, hour, day] = [1_000, 3_600_000, 86_400_000]
/** Midnight: money of two days lies in two pages. */
const noon = Date.parse('2020-03-01T00:00:00Z')
const distances = [0, 1, second, 20 * second, hour, day, 40 * day]
const offsets = [...distances, ...distances.map((distance) => -distance)]
const instants = fc.uniqueArray(
  fc.constantFrom(...offsets).map((offset) => noon + offset),
  {
    minLength: 2,
    maxLength: 6,
    size: 'max',
  },
)

const users = ['u', 'u', 'u-1']
// In the order of bytes; in that of UTF-16 the last two change places.
const ids = ['!', 'A', 'a', 'a/b', 'é', 'ﬁ', '🙂']
const sessions = ['s', 's', 't', 'ﬁ']
const countries = ['DE', 'PL', 'ﬁ', '🙂']
const moneyTypes = ['REAL', 'REAL', '__proto__']

const moneyAt = (times: readonly number[]): fc.Arbitrary<MoneyFact[]> =>
  fc.uniqueArray(
    fc.record({
      type: fc.constant('money' as const),
      id: fc.constantFrom(...ids),
      user: fc.constantFrom(...users),
      session: fc.constantFrom(undefined, ...sessions, ...sessions),
      at: fc.constantFrom(...times),
      moneyType: fc.constantFrom(...moneyTypes),
      old: fc.constantFrom(false, false, false, true),
    }),
    { selector: ({ id, user }) => `${user}/${id}`, minLength: 1, maxLength: 11, size: 'max' },
  )

const usersAt = (times: readonly number[]): fc.Arbitrary<UserFact[]> =>
  fc.array(
    fc
      .record({
        id: fc.constantFrom('', ...ids),
        user: fc.constantFrom(...users),
        at: fc.constantFrom(...times),
        field: fc.constantFrom('birthYear' as const, 'country' as const, 'country' as const),
        nth: fc.nat(2),
      })
      .map(({ nth, field, ...fact }) => ({
        type: 'user' as const,
        ...fact,
        field,
        value: field === 'country' ? countries[nth + 1]! : ['1984', '1985', '800'][nth]!,
      })),
    { maxLength: 6, size: 'max' },
  )

const sessionsAt = (times: readonly number[]): fc.Arbitrary<Fact[]> =>
  fc.array(
    fc.oneof(
      fc.record({
        type: fc.constant('created' as const),
        session: fc.constantFrom(...sessions),
        at: fc.constantFrom(
          ...times,
          ...times.map((time) => time - day),
          ...times.map((time) => time - 20 * second),
        ),
        country: fc.constantFrom(...countries),
      }),
      fc.record({
        type: fc.constant('closed' as const),
        session: fc.constantFrom(...sessions),
        at: fc.constantFrom(...times, ...times.map((time) => time + 20 * second + 1)),
      }),
    ),
    { maxLength: 5, size: 'max' },
  )

const othersAt = (times: readonly number[]): fc.Arbitrary<OtherFact[]> =>
  fc.array(
    fc.record({
      type: fc.constant('other' as const),
      topic: fc.constantFrom('wallet-events', 'user-events', 'session-events'),
      at: fc.constantFrom(...times, ...times.map((time) => time + 20 * second + 1)),
    }),
    { maxLength: 3 },
  )

/** What became of the lookups of one session: each but the last one failed and was done again. */
const lookupsOf = (session: string): fc.Arbitrary<(AnswerFact | RetryFact)[]> =>
  fc
    .record({
      failures: fc.constantFrom(0, 0, 1, 2),
      end: fc.constantFrom('none', 'asked', 'found', 'found'),
    })
    .map(({ failures, end }) => {
      const facts: (AnswerFact | RetryFact)[] = []
      for (let lookup = 1; lookup <= failures; lookup++) {
        facts.push({ type: 'answer', session, lookup, country: undefined })
        if (lookup < failures || end !== 'none') facts.push({ type: 'retry', session, lookup: lookup + 1 })
      }
      if (end === 'found') facts.push({ type: 'answer', session, lookup: failures + 1, country: 'SE' })
      return facts
    })

export const twoMoneyHistories: fc.Arbitrary<TwoMoneyHistories> = instants
  .chain((times) =>
    fc.tuple(
      moneyAt(times),
      usersAt(times),
      sessionsAt(times),
      othersAt(times),
      fc.tuple(...[...new Set(sessions)].map(lookupsOf)),
      fc.constantFrom<Rules>(
        { timeToLive: day, wait: 20 * second },
        { timeToLive: day, wait: 20 * second },
        { timeToLive: hour, wait: 0 },
        { timeToLive: 0, wait: hour },
      ),
    ),
  )
  .chain(([money, changes, creations, others, lookups, rules]) => {
    const facts: Fact[] = [...money, ...changes, ...creations, ...others, ...lookups.flat()]
    const steps = stepsOf(facts).map(inOrderOfLookups)
    return fc.record({
      facts: fc.constant(facts),
      rules: fc.constant(rules),
      one: steps,
      other: steps,
    })
  })

/** Lookups of one session follow each other, whatever comes in between. */
function inOrderOfLookups(steps: readonly Step<Fact>[]): Step<Fact>[] {
  const queues = new Map<string, Fact[]>()
  for (const fact of steps.flatMap((step) => step.facts)) {
    if (isLookup(fact)) queues.set(fact.session, [...(queues.get(fact.session) ?? []), fact])
  }
  for (const queue of queues.values()) queue.sort((a, b) => turnOf(a) - turnOf(b))
  return steps.map((step) => ({
    ...step,
    facts: step.facts.map((fact) => (isLookup(fact) ? queues.get(fact.session)!.shift()! : fact)),
  }))
}

function isLookup(fact: Fact): fact is AnswerFact | RetryFact {
  return fact.type === 'answer' || fact.type === 'retry'
}

function turnOf(fact: Fact): number {
  if (!isLookup(fact)) throw new TypeError('it is no lookup')
  return fact.lookup + (fact.type === 'answer' ? 0.5 : 0)
}
