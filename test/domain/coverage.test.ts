import fc from 'fast-check'
import t from 'tap'
import type { Agreement } from '../../domain/agreement.js'
import { coverageAt, coveragesOf } from '../../domain/coverage.js'

function agreement(id: string, serviceStartAt: number, signedAt = 0): Agreement {
  return {
    id,
    msisdn: '1',
    signedAt,
    serviceStartAt,
    billingPeriodTimeZone: 'UTC',
    maxBytesInBillingPeriod: 1,
  }
}
const covering = (agreements: readonly Agreement[], instant: number) =>
  coverageAt(coveragesOf(agreements), instant)?.agreement.id

void t.test('nobody covers what was before the first service start', async (t) => {
  t.equal(covering([], 0), undefined)
  t.equal(covering([agreement('a', 10)], 9), undefined)
  t.equal(covering([agreement('a', 10)], 10), 'a', 'the start itself is covered')
})

void t.test('each covers the time from its start to the next one’s, the last one for ever', async (t) => {
  const agreements = [agreement('c', 30), agreement('a', 10), agreement('b', 20)]
  t.same(
    coveragesOf(agreements).map(({ agreement, from, to }) => [agreement.id, from, to]),
    [
      ['a', 10, 20],
      ['b', 20, 30],
      ['c', 30, Infinity],
    ],
  )
  t.equal(covering(agreements, 19), 'a')
  t.equal(covering(agreements, 20), 'b')
  t.equal(covering(agreements, Number.MAX_SAFE_INTEGER), 'c')
})

void t.test('a later start wins over a later signature', async (t) => {
  t.equal(covering([agreement('z', 10, 99), agreement('a', 20, 1)], 20), 'a')
})

void t.test('of the same start, the one that was signed last wins, whatever its id', async (t) => {
  t.equal(covering([agreement('z', 10, 1), agreement('a', 10, 2)], 10), 'a')
  t.equal(
    coveragesOf([agreement('z', 10, 1), agreement('a', 10, 2)]).length,
    1,
    'the other one covers nothing',
  )
})

void t.test('of the same start and signature, the greatest id wins, byte by byte', async (t) => {
  const ids = ['1', '10', '2', 'A', 'a', 'é', 'ﬁ', '🙂']
  for (const [at, greater] of ids.entries()) {
    for (const smaller of ids.slice(0, at)) {
      t.equal(covering([agreement(smaller, 10), agreement(greater, 10)], 10), greater)
      t.equal(covering([agreement(greater, 10), agreement(smaller, 10)], 10), greater)
    }
  }
})

void t.test('the order in which agreements became known does not matter', async (t) => {
  const few = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd', 'ﬁ', '🙂'),
    start: fc.nat(3),
    signed: fc.nat(2),
  })
  const law = fc.property(
    fc
      .uniqueArray(few, { selector: ({ id }) => id, maxLength: 6 })
      .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
    fc.integer({ min: -1, max: 4 }),
    ([one, other], instant) => {
      const agreements = (all: typeof one) => all.map(({ id, start, signed }) => agreement(id, start, signed))
      return covering(agreements(one), instant) === covering(agreements(other), instant)
    },
  )
  t.doesNotThrow(() => fc.assert(law, { numRuns: 500 }))
})
