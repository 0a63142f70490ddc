import t from 'tap'
import type { Agreement } from '../../domain/agreement.js'
import { addRecords, emptyPeriod, removeRecords, type BillingPeriod } from '../../domain/billing-period.js'
import { close, notify, type Notices, type Raised } from '../../domain/notification.js'
import { monthOf } from '../../domain/time-zone.js'
import { isUuid } from '../../domain/uuid.js'
import { deciding } from '../given-when-then.js'

const limit = 100
const agreement: Agreement = {
  id: 'agreement-1',
  msisdn: '48100200300',
  signedAt: 0,
  serviceStartAt: 0,
  billingPeriodTimeZone: 'Europe/Warsaw',
  maxBytesInBillingPeriod: limit,
}
const january = monthOf('Europe/Warsaw', '2020-01')!

/** What may happen to a period, its clock included. */
type Step =
  | { readonly comes: number; readonly id?: string; readonly ended?: boolean }
  | { readonly goes: number; readonly id?: string; readonly ended?: boolean; readonly last?: boolean }
  | 'ends'

let serial = 0

function decide(period: BillingPeriod, step: Step) {
  const { period: state, raised } = noticesOf(period, step)
  return { state, raised }
}

function noticesOf(period: BillingPeriod, step: Step): Notices {
  if (step === 'ends') return close(period)
  const id = step.id ?? `cause-${serial++}`
  const ended = step.ended ?? false
  const bytes = 'comes' in step ? step.comes : step.goes
  const record = {
    internalRecordId: `internal-${id}`,
    externalRecordId: id,
    recordedAt: '2020-01-10T23:00:00Z',
    recordedBytes: bytes,
  }
  const changed =
    'comes' in step
      ? addRecords(period, [record], ended)
      : removeRecords(period, [record], step.last ? undefined : record)
  return notify(changed, period.totalRecordedBytes, ended, {
    id,
    metadata: { correlationId: 'import-1', source: 's#1' },
  })
}

const { given } = deciding<BillingPeriod, Step, Raised>(emptyPeriod(agreement, january), decide)
const types = (raised: readonly Raised[]) => raised.map(({ event }) => event.type)

void t.test('below the limit nothing is raised', async (t) => {
  t.same(given().when({ comes: limit - 1 }).raised, [])
  t.same(given({ comes: 40 }).when({ goes: 40, last: true }).raised, [])
})

void t.test('exceeded is raised by the record that reaches the limit, once', async (t) => {
  t.same(types(given({ comes: limit - 1 }).when({ comes: 1 }).raised), ['DataPlanExceeded'])
  t.same(types(given({ comes: limit }).when({ comes: 1 }).raised), [])
  t.same(types(given().when({ comes: limit + 1 }).raised), ['DataPlanExceeded'])
})

void t.test('falling below the limit and rising again does not exceed twice', async (t) => {
  const { raised, state } = given({ comes: 90 }, { comes: 20, id: 'x' }, { goes: 20, id: 'x' }).when({
    comes: 30,
  })
  t.same(raised, [])
  t.match(state, { exceeded: true, notified: { exceeded: true } })
})

void t.test('a limit of 0 is exceeded by the first record, even one without bytes', async (t) => {
  const unlimited = deciding(emptyPeriod({ ...agreement, maxBytesInBillingPeriod: 0 }, january), decide)
  t.same(types(unlimited.given().when({ comes: 0 }).raised), ['DataPlanExceeded'])
  t.same(types(unlimited.given({ comes: 0 }).when({ comes: 5 }).raised), [])
})

void t.test('a period that loses its last record does not exceed, even a limit of 0', async (t) => {
  const zero = deciding(emptyPeriod({ ...agreement, maxBytesInBillingPeriod: 0 }, january), decide)
  const emptied = zero.given({ comes: 0, id: 'x' }).when({ goes: 0, id: 'x', last: true })
  t.same(emptied.raised, [])
})

void t.test(
  'closed is raised when the clock has reached the end, once, and the status goes with it',
  async (t) => {
    const { raised, state } = given({ comes: 10 }).when('ends')
    t.same(types(raised), ['BillingPeriodClosed'])
    t.match(state, { status: 'closed', notified: { closed: true } })
    t.equal(state.openUntil, undefined)
  },
)

void t.test('a first record after the end closes the period at once', async (t) => {
  const { raised, state } = given().when({ comes: 10, ended: true })
  t.same(types(raised), ['BillingPeriodClosed'])
  t.match(state, { status: 'closed', lateRecords: 1 })
})

void t.test('exceeded comes before closed where both fall due together', async (t) => {
  const { raised } = given().when({ comes: limit, ended: true })
  t.same(types(raised), ['DataPlanExceeded', 'BillingPeriodClosed'])
  t.same(
    raised.map(({ revision }) => revision),
    [0, 1],
  )
})

void t.test('a record after closing corrects, with the total before it', async (t) => {
  const { raised, state } = given({ comes: 10 }, 'ends').when({ comes: 5, ended: true })
  t.same(types(raised), ['BillingPeriodCorrected'])
  t.match(raised[0]!.event.data, { totalRecordedBytes: 15, previousTotalRecordedBytes: 10 })
  t.match(state, { status: 'closed', notified: { corrections: 1 } })
})

void t.test('a late exceeded comes before the correction that goes with it', async (t) => {
  const { raised } = given({ comes: 10 }, 'ends').when({ comes: 90, ended: true })
  t.same(types(raised), ['DataPlanExceeded', 'BillingPeriodCorrected'])
})

void t.test('records that are taken away from a closed period correct it too', async (t) => {
  const { raised } = given({ comes: 10, id: 'x' }, { comes: 5 }, 'ends').when({
    goes: 10,
    id: 'x',
    ended: true,
  })
  t.same(types(raised), ['BillingPeriodCorrected'])
  t.match(raised[0]!.event.data, { totalRecordedBytes: 5, previousTotalRecordedBytes: 15 })
})

void t.test(
  'a closed period that loses its last record says so, and says so again when one comes',
  async (t) => {
    const emptied = given({ comes: 10, id: 'x' }, 'ends').when({ goes: 10, id: 'x', ended: true, last: true })
    t.same(types(emptied.raised), ['BillingPeriodCorrected'])
    t.match(emptied.raised[0]!.event.data, {
      totalRecordedBytes: 0,
      previousTotalRecordedBytes: 10,
      latestRecordedAt: null,
      latestInternalRecordId: null,
      latestExternalRecordId: null,
    })
    const { lateRecords, revision, notified } = emptied.state
    const back = decide(emptyPeriod(agreement, january, { lateRecords, revision, notified }), {
      comes: 7,
      ended: true,
    })
    t.same(types(back.raised), ['BillingPeriodCorrected'], 'it is not closed a second time')
    t.match(back.raised[0]!.event.data, { totalRecordedBytes: 7, previousTotalRecordedBytes: 0 })
  },
)

void t.test(
  'an open period that was emptied and came back exceeds and closes as if nothing had been',
  async (t) => {
    const emptied = given({ comes: 10, id: 'x' }).when({ goes: 10, id: 'x', last: true })
    t.same(emptied.raised, [])
    const { lateRecords, revision, notified } = emptied.state
    const again = deciding(emptyPeriod(agreement, january, { lateRecords, revision, notified }), decide)
    t.same(types(again.given().when({ comes: limit }).raised), ['DataPlanExceeded'])
    t.same(types(again.given({ comes: 1 }).when('ends').raised), ['BillingPeriodClosed'])
  },
)

void t.test('each takes the next revision of the stream of its agreement and month', async (t) => {
  const past: Step[] = [
    { comes: 60 },
    { comes: 60 },
    'ends',
    { comes: 1, ended: true },
    { comes: 1, ended: true },
  ]
  const revisions = past.flatMap((step, at) => given(...past.slice(0, at)).when(step).raised)
  t.same(
    revisions.map(({ event, revision }) => `${revision} ${event.type}`),
    ['0 DataPlanExceeded', '1 BillingPeriodClosed', '2 BillingPeriodCorrected', '3 BillingPeriodCorrected'],
  )
  for (const { event } of revisions) t.equal(event.stream, 'billing-period-agreement-1-2020-01')
})

void t.test(
  'ids follow from the period and the type, those of corrections from their cause as well',
  async (t) => {
    const id = (step: Step, ...past: Step[]) =>
      given(...past)
        .when(step)
        .raised.at(-1)!.event.id
    t.equal(id({ comes: limit, id: 'a' }), id({ comes: limit + 5, id: 'b' }), 'whichever record exceeds')
    t.equal(id('ends', { comes: 1 }), id({ comes: 1, ended: true }))
    const corrected = (cause: string) => id({ comes: 1, id: cause, ended: true }, { comes: 1 }, 'ends')
    t.equal(corrected('a'), corrected('a'))
    t.not(corrected('a'), corrected('b'))
    t.ok(isUuid(corrected('a')))
  },
)

void t.test('the payload is the period as it stood when the notification was raised', async (t) => {
  const { raised } = given().when({ comes: limit, id: 'r', ended: true })
  const payload = {
    agreementId: 'agreement-1',
    year: 2020,
    month: 1,
    latestRecordedAt: '2020-01-10T23:00:00Z',
    latestInternalRecordId: 'internal-r',
    latestExternalRecordId: 'r',
    totalRecordedBytes: limit,
    billingPeriodTimeZone: 'Europe/Warsaw',
    maxBytesInBillingPeriod: limit,
  }
  t.strictSame(
    raised.map(({ event }) => event.data),
    [
      { ...payload, type: 'DATA_PLAN_EXCEEDED' },
      { ...payload, type: 'BILLING_PERIOD_CLOSED' },
    ],
  )
})

void t.test('names what it was raised for, and the import or request that began it', async (t) => {
  const { raised } = given().when({ comes: limit, id: 'r' })
  t.same(raised[0]!.event.metadata, { correlationId: 'import-1', causationId: 'r' })
  t.same(given({ comes: 1 }).when('ends').raised[0]!.event.metadata, {}, 'a month ends by itself')
})

void t.test('totals beyond 2^53 are told digit by digit', async (t) => {
  const max = Number.MAX_SAFE_INTEGER
  const { raised } = given({ comes: max }, { comes: max }, 'ends').when({ comes: max, ended: true })
  t.match(raised[0]!.event.data, {
    totalRecordedBytes: (BigInt(max) * 3n).toString(),
    previousTotalRecordedBytes: (BigInt(max) * 2n).toString(),
  })
})
