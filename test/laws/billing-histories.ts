import fc from 'fast-check'
import type { BilledFact } from './billing-oracle.js'
import type { After } from './histories.js'

/** One delivery: facts that arrive together, and what becomes of the projections after them. */
export interface Delivery {
  /** As the lines of a file, or as a request with an idempotency key. */
  readonly by: 'file' | 'request'
  readonly facts: readonly BilledFact[]
  /** How often the whole of it comes again at once. */
  readonly again: number
  /** Stops half-way once, after so many appends, and is begun again. */
  readonly stopsAfter: number | undefined
  /** Whether it comes once more when everything else has come. */
  readonly atTheEnd: boolean
  readonly then: After
}

/** The same facts in two histories. */
export interface TwoBillingHistories {
  readonly facts: readonly BilledFact[]
  /** Undefined: none is set. */
  readonly zone: string | undefined
  readonly one: readonly Delivery[]
  readonly other: readonly Delivery[]
}

const [hour, day] = [3_600_000, 86_400_000]

/** Where months end in a way that is easily got wrong, with the zone in which they do. */
const turns: readonly (readonly [zone: string | undefined, end: string])[] = [
  [undefined, '2020-02-01T00:00:00Z'],
  ['UTC', '2020-01-01T00:00:00Z'],
  ['Europe/Warsaw', '2020-03-31T22:00:00Z'],
  ['Europe/Warsaw', '2020-10-31T23:00:00Z'],
  ['America/St_Johns', '2009-11-01T02:30:00Z'],
  ['Asia/Kathmandu', '2020-02-29T18:15:00Z'],
  ['Pacific/Apia', '2011-12-31T10:00:00Z'],
]
const distances = [0, 1, 1_000, hour, 12 * hour - 1, 12 * hour, 12 * hour + 1, day, 3 * day]
const offsets = [...distances, ...distances.map((distance) => -distance), 33 * day, -40 * day, -2_000 * day]

const customers = ['Emma', 'Emma', 'Emma', 'a/b', 'é', '2020-01']
const types = ['DATA', 'data', 'Data', 'CALL', 'misc', 'PACK', 'mEsSaGe']
const amounts = ['0', '1', '0.001', '-0.001', '1.005', '-1.005', '12.34', '0.10', '-0.00', '007.5']
const great = ['90071992547409.91', '-90071992547409.91', '90071992547409.909']

/** Some of them say the same as the first: they are others all the same. */
const factsAround = (end: string): fc.Arbitrary<BilledFact[]> =>
  fc
    .array(
      fc.record({
        at: fc.constantFrom(...offsets).map((offset) => Date.parse(end) + offset),
        customer: fc.constantFrom(...customers),
        amount: fc.constantFrom(...amounts, ...great),
        type: fc.constantFrom(...types),
        likeTheFirst: fc.constantFrom(false, false, false, false, true),
      }),
      { minLength: 1, maxLength: 14, size: 'max' },
    )
    .map((facts) =>
      facts.map(({ likeTheFirst, ...own }, n) => {
        const { at, customer, amount, type } = (likeTheFirst && facts[0]) || own
        return { n, at, customer, amount, type }
      }),
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

const delivery = fc.record({
  by: fc.constantFrom('file' as const, 'request' as const),
  length: fc.integer({ min: 1, max: 6 }),
  again: fc.constantFrom(0, 0, 0, 1, 2),
  stopsAfter: fc.constantFrom(undefined, undefined, undefined, 0, 1, 2),
  atTheEnd: fc.constantFrom(false, false, true),
  then: after,
})

/** The facts in any order, cut into deliveries. */
function deliveriesOf(facts: readonly BilledFact[]): fc.Arbitrary<Delivery[]> {
  return fc
    .tuple(
      fc.shuffledSubarray([...facts], { minLength: facts.length }),
      fc.array(delivery, { minLength: facts.length, maxLength: facts.length }),
    )
    .map(([order, cuts]) => {
      const deliveries: Delivery[] = []
      for (let from = 0, at = 0; from < order.length; at++) {
        const { length, ...rest } = cuts[at]!
        deliveries.push({ ...rest, facts: order.slice(from, from + length) })
        from += length
      }
      return deliveries
    })
}

/** The same facts in two random orders, cut and delivered in two ways. */
export const twoBillingHistories: fc.Arbitrary<TwoBillingHistories> = fc
  .constantFrom(...turns)
  .chain(([zone, end]) => fc.tuple(fc.constant(zone), factsAround(end)))
  .chain(([zone, facts]) =>
    fc.record({
      facts: fc.constant(facts),
      zone: fc.constant(zone),
      one: deliveriesOf(facts),
      other: deliveriesOf(facts),
    }),
  )
