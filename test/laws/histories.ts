import fc from 'fast-check'
import type { AgreementFact, Fact, RecordFact } from './oracle.js'

/** One part of a history: facts that arrive together, and what becomes of the projection after them. */
export interface Step<F = Fact> {
  /** How they arrive: as the lines of a file, as one request, or one after the other. */
  readonly by: 'file' | 'request' | 'single'
  readonly facts: readonly F[]
  readonly then: After
}

/**
 * `nothing`: more is to come first. `fold`: in pages of so many events. `restart`: the same, after a restart. `crash`:
 * the same, until the stores have taken so many commits and appends; then whatever was in memory is gone.
 */
export type After =
  | { readonly type: 'nothing' }
  | { readonly type: 'fold' | 'restart'; readonly size: number }
  | { readonly type: 'crash'; readonly size: number; readonly commits: number; readonly appends: number }

/** The same facts in two histories. */
export interface TwoHistories {
  readonly facts: readonly Fact[]
  /** Milliseconds. */
  readonly lateness: number
  readonly one: readonly Step[]
  readonly other: readonly Step[]
}

const [second, hour, day] = [1_000, 3_600_000, 86_400_000]

/** Where months end in a way that is easily got wrong, for the zones of {@link zones}. */
const turns = [
  // St John's sets its clocks back at 00:01 of the first, to the month before.
  '2009-11-01T02:30:00Z',
  // Samoa leaves out 30 December and then enters a new year.
  '2011-12-31T10:00:00Z',
  // Warsaw ends March in summer time, which it entered two days before.
  '2020-03-31T22:00:00Z',
  '2020-01-01T00:00:00Z',
].map((text) => Date.parse(text))
const zones = ['Europe/Warsaw', 'America/St_Johns', 'Pacific/Apia', 'UTC']
const distances = [
  0,
  1,
  second,
  60_000,
  hour / 2,
  hour,
  3.5 * hour,
  11 * hour,
  14 * hour,
  day,
  3 * day,
  31 * day,
]
const offsets = [...distances, ...distances.map((distance) => -distance), 45 * day, -62 * day]

/** Few, so that agreements begin together and one after the other. */
const starts = [0, 0, hour, -hour, day, -3 * day, -31 * day, -400 * day]

const msisdns = ['1', '1', '1', '12']
// In the order of bytes; in that of UTF-16 the last two change places.
const ids = ['!', 'A', 'a', 'a/b', 'é', 'ﬁ', '🙂']
const amounts = [0, 1, 5, 5, 10, 20, Number.MAX_SAFE_INTEGER]
const limits = [0, 1, 10, 25, 60, Number.MAX_SAFE_INTEGER]

const instantsAround = (turn: number) => fc.constantFrom(...offsets).map((offset) => turn + offset)

/** A few instants for all records of a history, so that many of them are at the same time. */
const fewInstants = (turn: number) =>
  fc.uniqueArray(fc.oneof(fc.constant(turn), instantsAround(turn)), {
    minLength: 2,
    maxLength: 6,
    size: 'max',
  })

const agreementsAround = (turn: number): fc.Arbitrary<AgreementFact[]> =>
  fc.uniqueArray(
    fc.record({
      type: fc.constant('agreement' as const),
      id: fc.constantFrom(...ids.filter((id) => !id.includes('/'))),
      msisdn: fc.constantFrom(...msisdns),
      signedAt: fc.constantFrom(0, 1, 2),
      serviceStartAt: fc.constantFrom(...starts).map((offset) => turn + offset),
      zone: fc.constantFrom(...zones),
      max: fc.constantFrom(...limits),
    }),
    { selector: ({ id }) => id, minLength: 1, maxLength: 5, size: 'max' },
  )

const recordsAt = (instants: readonly number[]): fc.Arbitrary<RecordFact[]> =>
  fc.uniqueArray(
    fc.record({
      type: fc.constant('record' as const),
      id: fc.constantFrom(...ids),
      msisdn: fc.constantFrom(...msisdns),
      recordedAt: fc.constantFrom(...instants),
      bytes: fc.constantFrom(...amounts),
    }),
    { selector: ({ id, msisdn }) => `${msisdn}/${id}`, minLength: 1, maxLength: 14, size: 'max' },
  )

const size = fc.constantFrom(1, 2, 3, 1_000)
const after: fc.Arbitrary<After> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ type: 'nothing' as const }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('fold' as const, 'restart' as const), size }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('crash' as const),
      size,
      commits: fc.nat(3),
      appends: fc.nat(2),
    }),
  },
)

/** The facts in any order, some of them again and again, cut into steps. */
export function stepsOf<F>(facts: readonly F[]): fc.Arbitrary<Step<F>[]> {
  const again = facts.length > 0 ? fc.array(fc.constantFrom(...facts), { maxLength: 4 }) : fc.constant([])
  return again
    .chain((repeated) => {
      const all = [...facts, ...repeated]
      return fc.shuffledSubarray(all, { minLength: all.length })
    })
    .chain((order) =>
      fc.tuple(
        fc.constant(order),
        fc.array(
          fc.record({
            by: fc.constantFrom('file' as const, 'request' as const, 'single' as const),
            length: fc.integer({ min: 1, max: 7 }),
            then: after,
          }),
          { minLength: order.length, maxLength: order.length },
        ),
      ),
    )
    .map(([order, cuts]) => {
      const steps: Step<F>[] = []
      for (let from = 0, at = 0; from < order.length; at++) {
        const { by, length, then } = cuts[at]!
        steps.push({ by, then, facts: order.slice(from, from + length) })
        from += length
      }
      return steps
    })
}

/** The same facts in two random orders, groupings and multiplicities. */
export const twoHistories: fc.Arbitrary<TwoHistories> = fc
  .constantFrom(...turns)
  .chain((turn) =>
    fc.tuple(
      agreementsAround(turn),
      fewInstants(turn).chain(recordsAt),
      fc.array(
        instantsAround(turn).map((to) => ({ type: 'advance' as const, to })),
        { maxLength: 1 },
      ),
      fc.constantFrom(0, 0, hour, 2 * day),
    ),
  )
  .chain(([agreements, records, advances, lateness]) => {
    const facts: Fact[] = [...agreements, ...records, ...advances]
    return fc.record({
      facts: fc.constant(facts),
      lateness: fc.constant(lateness),
      one: stepsOf(facts),
      other: stepsOf(facts),
    })
  })
