import t from 'tap'
import type { BillableType } from '../../domain/billable-event.js'
import { bill, emptyCustomerMonth, type CustomerMonth } from '../../domain/customer-month.js'
import { correctInvoice, issueInvoice, type Invoice, type Invoiced } from '../../domain/invoice.js'
import { isUuid } from '../../domain/uuid.js'
import { deciding } from '../given-when-then.js'

/** A customer's month, and its invoice once there is one. */
interface Account {
  readonly month: CustomerMonth
  readonly invoice?: Invoice | undefined
}

/** A billable event comes, or the month ends. */
type Step = { readonly comes: number; readonly type?: BillableType; readonly id?: string } | 'ends'

let serial = 0

function decide({ month: before, invoice }: Account, step: Step) {
  const month = structuredClone(before)
  if (step === 'ends') return after(month, issueInvoice(month, 'Europe/Warsaw'))
  const { comes: amountCents, type = 'DATA', id = `cause-${serial++}` } = step
  bill(month, { timestampMs: 0, customer: 'Emma', type, amountCents })
  if (!invoice) return { state: { month }, raised: [] }
  const metadata = { correlationId: 'import-1', source: 's#1' }
  return after(month, correctInvoice(invoice, month, { id, metadata }))
}

function after(month: CustomerMonth, { invoice, event }: Invoiced) {
  return { state: { month, invoice }, raised: [event] }
}

const { given } = deciding<Account, Step, Invoiced['event']>(
  { month: emptyCustomerMonth('Emma', '2020-01') },
  decide,
)

void t.test('while the month is open, its sums grow and nothing is invoiced', async (t) => {
  const { state, raised } = given({ comes: 1234 }).when({ comes: -200, type: 'MISC' })
  t.same(raised, [])
  t.match(state.month, { totalCents: 1034, eventCount: 2 })
  t.same(state.month.subtotals, {
    MESSAGE: { totalCents: 0, eventCount: 0 },
    DATA: { totalCents: 1234, eventCount: 1 },
    CALL: { totalCents: 0, eventCount: 0 },
    PACK: { totalCents: 0, eventCount: 0 },
    MISC: { totalCents: -200, eventCount: 1 },
  })
})

void t.test('an invoice is issued with the sums of its month', async (t) => {
  const { state, raised } = given({ comes: 1234 }, { comes: 5, type: 'CALL' }).when('ends')
  t.same(raised[0]?.data, {
    customer: 'Emma',
    month: '2020-01',
    revision: 0,
    totalEur: '12.39',
    eventCount: 2,
    subtotals: {
      MESSAGE: { totalEur: '0.00', eventCount: 0 },
      DATA: { totalEur: '12.34', eventCount: 1 },
      CALL: { totalEur: '0.05', eventCount: 1 },
      PACK: { totalEur: '0.00', eventCount: 0 },
      MISC: { totalEur: '0.00', eventCount: 0 },
    },
    billingTimeZone: 'Europe/Warsaw',
  })
  t.match(state.invoice, { totalCents: 1239, revision: 0, issuedCents: 1239, differenceCents: null })
})

void t.test('a later event corrects it, with the difference and what it was', async (t) => {
  const { state, raised } = given({ comes: 1000 }, 'ends', { comes: 1 }).when({ comes: -501 })
  t.match(raised[0], {
    type: 'InvoiceCorrected',
    data: { revision: 2, totalEur: '5.00', previousTotalEur: '10.01', differenceEur: '-5.01', eventCount: 3 },
  })
  t.match(state.invoice, { totalCents: 500, revision: 2, issuedCents: 1000, differenceCents: -501 })
})

void t.test('an event of nothing corrects it as well: it is on the invoice', async (t) => {
  const { raised } = given({ comes: 1000 }, 'ends').when({ comes: 0 })
  t.match(raised, [{ data: { revision: 1, totalEur: '10.00', differenceEur: '0.00', eventCount: 2 } }])
})

void t.test('an invoice does not change with its month', async (t) => {
  const month = emptyCustomerMonth('Emma', '2020-01')
  bill(month, { timestampMs: 0, customer: 'Emma', type: 'DATA', amountCents: 7 })
  const { invoice } = issueInvoice(month, 'UTC')
  bill(month, { timestampMs: 0, customer: 'Emma', type: 'DATA', amountCents: 7 })
  t.match(invoice, { totalCents: 7, eventCount: 1, subtotals: { DATA: { totalCents: 7, eventCount: 1 } } })
})

void t.test('totals beyond 2^53 stay exact', async (t) => {
  const most = Number.MAX_SAFE_INTEGER
  const { raised } = given({ comes: most }, { comes: most }, 'ends').when({ comes: 3 })
  t.match(raised[0]?.data, {
    totalEur: '180143985094819.85',
    previousTotalEur: '180143985094819.82',
    differenceEur: '0.03',
    subtotals: { DATA: { totalEur: '180143985094819.85' } },
  })
})

void t.test(
  'events stand in the stream of their invoice, under ids that follow from what they are',
  async (t) => {
    const issued = given({ comes: 1 }).when('ends').raised[0]!
    t.match(issued, { stream: 'invoice-Emma-2020-01', type: 'InvoiceIssued', metadata: {} })
    t.ok(isUuid(issued.id))
    t.equal(given({ comes: 2 }, { comes: 3 }).when('ends').raised[0]!.id, issued.id, 'issued once')
    const corrected = given({ comes: 1 }, 'ends').when({ comes: 1, id: 'x' }).raised[0]!
    t.match(corrected.metadata, { correlationId: 'import-1', causationId: 'x' })
    const again = given({ comes: 1 }, 'ends', { comes: 1, id: 'y' }).when({ comes: 1, id: 'x' }).raised[0]!
    t.equal(again.id, corrected.id, 'one cause corrects it once')
    t.not(given({ comes: 1 }, 'ends').when({ comes: 1, id: 'y' }).raised[0]!.id, corrected.id)
  },
)
