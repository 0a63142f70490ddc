import t from 'tap'
import type { Agreement } from '../../domain/agreement.js'
import {
  addRecords,
  emptyPeriod,
  monthKey,
  removeRecords,
  type BillingPeriod,
  type CountedRecord,
} from '../../domain/billing-period.js'
import { monthOf } from '../../domain/time-zone.js'
import { deciding } from '../given-when-then.js'

const agreement: Agreement = {
  id: 'agreement-1',
  msisdn: '48100200300',
  signedAt: Date.UTC(2019, 11, 1),
  serviceStartAt: Date.UTC(2019, 11, 31, 23),
  billingPeriodTimeZone: 'Europe/Warsaw',
  maxBytesInBillingPeriod: 100,
}
const january = monthOf('Europe/Warsaw', '2020-01')!

function record(externalRecordId: string, recordedAt: string, recordedBytes = 10): CountedRecord {
  return { internalRecordId: `internal-${externalRecordId}`, externalRecordId, recordedAt, recordedBytes }
}
const a = record('a', '2020-01-02T00:00:00Z')
const b = record('b', '2020-01-03T00:00:00Z', 20)
const c = record('c', '2020-01-04T00:00:00Z', 40)

type Step =
  | { readonly comes: readonly CountedRecord[]; readonly late?: boolean }
  | { readonly goes: readonly CountedRecord[]; readonly staying?: CountedRecord }

const { given } = deciding<BillingPeriod, Step, never>(emptyPeriod(agreement, january), (period, step) => ({
  state:
    'comes' in step
      ? addRecords(period, step.comes, step.late ?? false)
      : removeRecords(period, step.goes, step.staying),
  raised: [],
}))

void t.test('begins empty, with the terms of its agreement, open until the end of its month', async (t) => {
  t.same(emptyPeriod(agreement, january), {
    agreementId: 'agreement-1',
    msisdn: agreement.msisdn,
    year: 2020,
    month: 1,
    billingPeriodTimeZone: 'Europe/Warsaw',
    totalRecordedBytes: 0,
    recordCount: 0,
    maxBytesInBillingPeriod: 100,
    exceeded: false,
    latestRecordedAt: null,
    latestInternalRecordId: null,
    latestExternalRecordId: null,
    status: 'open',
    lateRecords: 0,
    revision: 0,
    notified: { exceeded: false, closed: false, corrections: 0 },
    openUntil: '2020-01-31T23:00:00Z',
  })
})

void t.test('comes back with its history after it was empty', async (t) => {
  const history = { lateRecords: 2, revision: 7, notified: { exceeded: true, closed: true, corrections: 3 } }
  const period = emptyPeriod(agreement, january, history)
  t.match(period, { ...history, status: 'closed', recordCount: 0, totalRecordedBytes: 0 })
  t.equal(period.openUntil, undefined, 'it was closed and stays closed')
  const open = emptyPeriod(agreement, january, {
    ...history,
    notified: { ...history.notified, closed: false },
  })
  t.match(open, { status: 'open', openUntil: '2020-01-31T23:00:00Z' })
})

void t.test('counts and sums the records that come', async (t) => {
  const { state } = given({ comes: [a] }).when({ comes: [b, c] })
  t.match(state, { recordCount: 3, totalRecordedBytes: 70, revision: 2, lateRecords: 0 })
})

void t.test('counts those as late that came when the clock had reached its end', async (t) => {
  const { state } = given({ comes: [a] }, { comes: [b], late: true }).when({ comes: [c, a], late: true })
  t.match(state, { recordCount: 4, lateRecords: 3 })
})

void t.test('is exceeded from the limit on, and not a byte before', async (t) => {
  t.equal(given().when({ comes: [record('x', a.recordedAt, 99)] }).state.exceeded, false)
  t.equal(given().when({ comes: [record('x', a.recordedAt, 100)] }).state.exceeded, true)
  const { state } = given({ comes: [record('x', a.recordedAt, 60), c] }).when({ goes: [c], staying: a })
  t.equal(state.exceeded, false, 'and no longer once enough was taken away')
})

void t.test(
  'the latest record is that of the greatest event time, in whatever order they come',
  async (t) => {
    for (const order of [
      [a, b, c],
      [c, b, a],
      [b, c, a],
    ]) {
      const one = order.reduce(
        (period, next) => addRecords(period, [next], false),
        emptyPeriod(agreement, january),
      )
      const page = addRecords(emptyPeriod(agreement, january), order, false)
      for (const period of [one, page]) {
        t.match(period, {
          latestRecordedAt: c.recordedAt,
          latestInternalRecordId: 'internal-c',
          latestExternalRecordId: 'c',
        })
      }
    }
  },
)

void t.test('times with and without milliseconds are compared as instants', async (t) => {
  const whole = record('whole', '2020-01-02T00:00:00Z')
  const later = record('later', '2020-01-02T00:00:00.001Z')
  for (const order of [
    [whole, later],
    [later, whole],
  ]) {
    t.equal(given().when({ comes: order }).state.latestExternalRecordId, 'later')
    t.equal(given({ comes: [order[0]!] }).when({ comes: [order[1]!] }).state.latestExternalRecordId, 'later')
  }
})

void t.test(
  'of records at the same time the one with the greatest id is the latest, byte by byte',
  async (t) => {
    // In UTF-8, which is the order of the databases; UTF-16 would have the smiley before the ligature.
    const ids = ['', '1', 'A', 'a', 'é', 'ﬁ', '🙂']
    for (const [at, greater] of ids.entries()) {
      for (const smaller of ids.slice(0, at)) {
        const [first, second] = [record(smaller, a.recordedAt), record(greater, a.recordedAt)]
        t.equal(given().when({ comes: [first, second] }).state.latestExternalRecordId, greater)
        t.equal(given().when({ comes: [second, first] }).state.latestExternalRecordId, greater)
        t.equal(given({ comes: [first] }).when({ comes: [second] }).state.latestExternalRecordId, greater)
        t.equal(given({ comes: [second] }).when({ comes: [first] }).state.latestExternalRecordId, greater)
      }
    }
  },
)

void t.test('gives records back, and takes the latest of those that stay', async (t) => {
  const { state } = given({ comes: [a, b, c] }).when({ goes: [b, c], staying: a })
  t.match(state, {
    recordCount: 1,
    totalRecordedBytes: 10,
    latestRecordedAt: a.recordedAt,
    latestInternalRecordId: 'internal-a',
    latestExternalRecordId: 'a',
    revision: 2,
  })
})

void t.test('without its last record it has no latest one', async (t) => {
  const { state } = given({ comes: [a] }).when({ goes: [a] })
  t.match(state, {
    recordCount: 0,
    totalRecordedBytes: 0,
    latestRecordedAt: null,
    latestInternalRecordId: null,
    latestExternalRecordId: null,
  })
})

void t.test('cannot give away more than it has', async (t) => {
  t.throws(() => given({ comes: [a] }).when({ goes: [b] }), RangeError)
})

void t.test('totals are exact beyond 2^53, up and down again', async (t) => {
  const max = Number.MAX_SAFE_INTEGER
  const [x, y, z] = ['x', 'y', 'z'].map((id) => record(id, a.recordedAt, max))
  const full = given({ comes: [x!] }).when({ comes: [y!, z!] }).state
  t.equal(full.totalRecordedBytes, (BigInt(max) * 3n).toString())
  t.equal(full.exceeded, true)
  t.equal(removeRecords(full, [z!], y).totalRecordedBytes, (BigInt(max) * 2n).toString())
  t.equal(removeRecords(full, [y!, z!], x).totalRecordedBytes, max, 'a number again, the very same one')
})

void t.test('what leaves and comes back in any order ends in the same figures', async (t) => {
  const there = given().when({ comes: [a, b, c] }).state
  const back = given({ comes: [c, a] }, { goes: [c], staying: a }, { comes: [b] }).when({ comes: [c] }).state
  const convergent = ({ lateRecords, revision, notified, ...rest }: BillingPeriod) => rest
  t.same(convergent(back), convergent(there))
})

void t.test('a month that ends after the last instant there is never becomes due', async (t) => {
  const utc = { ...agreement, billingPeriodTimeZone: 'UTC' }
  const last = monthOf('UTC', '9999-12')!
  t.match(emptyPeriod(utc, last), { status: 'open', openUntil: undefined })
  t.equal(emptyPeriod(utc, monthOf('UTC', '9999-11')!).openUntil, '9999-12-01T00:00:00Z')
  // East of Greenwich that month ends within the last year.
  t.equal(
    emptyPeriod({ ...utc, billingPeriodTimeZone: 'Asia/Tokyo' }, monthOf('Asia/Tokyo', '9999-12')!).openUntil,
    '9999-12-31T15:00:00Z',
  )
})

void t.test('its month is written yyyy-MM', async (t) => {
  t.equal(monthKey({ year: 2020, month: 1 }), '2020-01')
  t.equal(monthKey({ year: 7, month: 12 }), '0007-12')
})
