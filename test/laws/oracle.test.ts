import t from 'tap'
import {
  expectedNotifications,
  expectedPeriods,
  expectedUnmatched,
  type AgreementFact,
  type Fact,
  type RecordFact,
} from './oracle.js'

/** An oracle has to be right itself: a few worked examples, small enough to be checked by hand. */

const at = (text: string) => Date.parse(text)
const agreement = (id: string, change: Partial<AgreementFact> = {}): AgreementFact => ({
  type: 'agreement',
  id,
  msisdn: '1',
  signedAt: 0,
  serviceStartAt: at('2009-01-01T00:00:00Z'),
  zone: 'UTC',
  max: 10,
  ...change,
})
const record = (id: string, time: string, bytes = 5): RecordFact => ({
  type: 'record',
  id,
  msisdn: '1',
  recordedAt: at(time),
  bytes,
})

void t.test('sums by agreement and month, on the agreement’s own clock', async (t) => {
  const facts = [
    agreement('a', { zone: 'Europe/Warsaw' }),
    record('x', '2020-03-31T21:59:59Z'),
    record('y', '2020-03-31T22:00:00Z'),
  ]
  t.same(
    [...expectedPeriods(facts).values()].map(({ month, count, status }) => [month, count, status]),
    [
      ['2020-03', 1, 'closed'],
      ['2020-04', 1, 'open'],
    ],
  )
})

void t.test('a month that has begun does not end when the clock is set back', async (t) => {
  const zone = 'America/St_Johns'
  const month = (time: string) =>
    [...expectedPeriods([agreement('a', { zone }), record('x', time)]).keys()][0]
  t.equal(month('2009-11-01T02:29:59.999Z'), 'a/2009-10')
  t.equal(month('2009-11-01T02:30:00Z'), 'a/2009-11', 'the first midnight of November')
  t.equal(month('2009-11-01T03:00:00Z'), 'a/2009-11', 'the hour of October that came again')
  t.equal(month('2009-11-01T03:30:00Z'), 'a/2009-11')
})

void t.test(
  'the agreement that began last counts, then the one signed last, then the greatest id',
  async (t) => {
    const x = record('x', '2020-01-10T00:00:00Z')
    const owner = (...agreements: AgreementFact[]) => [...expectedPeriods([x, ...agreements]).keys()][0]
    const later = at('2010-01-01T00:00:00Z')
    t.equal(owner(agreement('a', { serviceStartAt: later }), agreement('b', { signedAt: 9 })), 'a/2020-01')
    t.equal(owner(agreement('a', { signedAt: 9 }), agreement('b')), 'a/2020-01')
    t.equal(owner(agreement('a'), agreement('b')), 'b/2020-01')
    t.same(expectedUnmatched([x, agreement('a', { serviceStartAt: x.recordedAt + 1 })]), ['1/x'])
  },
)

void t.test('says what has to be said, in order', async (t) => {
  const log: Fact[] = [
    agreement('a'),
    record('r1', '2020-01-10T00:00:00Z', 10),
    record('r2', '2020-02-01T00:00:00Z', 1),
    record('r3', '2020-01-11T00:00:00Z', 2),
    agreement('b', { serviceStartAt: at('2020-01-01T00:00:00Z') }),
  ]
  t.same(
    [...expectedNotifications(log)],
    [
      [
        'a/2020-01',
        [
          'DATA_PLAN_EXCEEDED 10 r1',
          'BILLING_PERIOD_CLOSED 10 r1',
          'BILLING_PERIOD_CORRECTED 12 r3 was 10',
          'BILLING_PERIOD_CORRECTED 0 null was 12',
        ],
      ],
      ['b/2020-01', ['DATA_PLAN_EXCEEDED 12 r3', 'BILLING_PERIOD_CLOSED 12 r3']],
    ],
  )
})

void t.test('an advanced clock and the allowed lateness decide what is closed', async (t) => {
  const facts: Fact[] = [
    agreement('a'),
    record('r1', '2020-01-10T00:00:00Z'),
    record('r2', '2020-02-01T12:00:00Z'),
  ]
  const status = (lateness: number, ...more: Fact[]) =>
    expectedPeriods([...facts, ...more], lateness).get('a/2020-01')?.status
  t.equal(status(0), 'closed')
  t.equal(status(24 * 3_600_000), 'open')
  t.equal(status(24 * 3_600_000, { type: 'advance', to: at('2020-02-01T00:00:00Z') }), 'closed')
})
