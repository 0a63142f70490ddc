import fc from 'fast-check'
import t from 'tap'
import type { Agreement } from '../../domain/agreement.js'
import { coverageAt, coveragesOf } from '../../domain/coverage.js'
import { matchOf, ownerAt } from '../../domain/match-reason.js'

const agreement = (id: string, serviceStartAt: number, signedAt = 0): Agreement => ({
  id,
  msisdn: '1',
  signedAt,
  serviceStartAt,
  billingPeriodTimeZone: 'UTC',
  maxBytesInBillingPeriod: 10,
})

void t.test(
  'given other agreements, when one counts a record, the first rule that tells them apart is why',
  async (t) => {
    const own = agreement('b', 10, 5)
    const cases: [readonly Agreement[], object][] = [
      [[], { reason: 'only-agreement', over: undefined }],
      [[agreement('z', 21, 9)], { reason: 'only-agreement', over: undefined }],
      [[agreement('z', 9, 9)], { reason: 'latest-service-start', over: { id: 'z' } }],
      [[agreement('z', 10, 4), agreement('y', 9, 9)], { reason: 'latest-signature', over: { id: 'z' } }],
      [[agreement('a', 10, 5), agreement('z', 10, 4)], { reason: 'greatest-id', over: { id: 'a' } }],
    ]
    for (const [others, match] of cases) t.match(matchOf(own, [own, ...others], 20), match)
  },
)

void t.test('the owner is the one that covers the instant', async () => {
  const few = fc.nat(3)
  const agreements = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'é', '🙂'), few, few), {
    selector: ([id]) => id,
  })
  fc.assert(
    fc.property(agreements, few, (terms, instant) => {
      const all = terms.map(([id, start, signed]) => agreement(id, start, signed))
      return ownerAt(all, instant) === coverageAt(coveragesOf(all), instant)?.agreement
    }),
  )
})
