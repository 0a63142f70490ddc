import { billingNow, type BillingClock } from '../../domain/billing-clock.js'
import type { CustomerMonth } from '../../domain/customer-month.js'
import { issueInvoice } from '../../domain/invoice.js'
import { monthAt, monthOf } from '../../domain/time-zone.js'
import { billingClockOf, putBillingClock } from './clock-document.js'
import {
  customerMonths,
  firstIdOf,
  invoices,
  putInvoiced,
  type ClosingClock,
} from './customer-billing-documents.js'
import type { Debt, Documents } from '../projection.js'

/** So many invoices are issued in one slice when a month ends for all customers. */
const invoicesASlice = 1_000

/** When the clock passes the end of months, their customers are owed their invoices. */
export const closing: Debt = {
  owes: (documents) => {
    const clock = billingClockOf<ClosingClock>(documents)
    return clock.nextClosing !== undefined && clock.nextClosing <= billingNow(clock)
  },
  pay: closeMonths,
}

/** Issues invoices in the order of months and customers, a slice at a time, and finds the next month to close. */
async function closeMonths(documents: Documents): Promise<void> {
  const { nextClosing = 0, closingFrom, ...clock } = billingClockOf<ClosingClock>(documents)
  const { ended, open, next } = await monthsFrom(
    closingFrom ?? firstIdOf(monthAt(clock.zone, nextClosing - 1)),
    clock,
    documents,
  )
  await documents.load(
    invoices,
    ended.map(({ id }) => id),
  )
  for (const { id, month } of ended) {
    // A late event may have brought it about already.
    if (!documents.get(invoices, id)) putInvoiced(documents, id, issueInvoice(month, clock.zone))
  }
  const closed: ClosingClock = { ...clock }
  if (open) closed.nextClosing = endOf(open.month, clock.zone)
  else if (next !== undefined) [closed.nextClosing, closed.closingFrom] = [nextClosing, next]
  putBillingClock(documents, closed)
}

interface StoredMonth {
  readonly id: string
  readonly month: CustomerMonth
}

/** A slice of this partition's months that have ended, the open one that ends it, and where the next slice begins. */
async function monthsFrom(
  from: string,
  clock: BillingClock,
  documents: Documents,
): Promise<{ ended: StoredMonth[]; open?: StoredMonth; next?: string | undefined }> {
  const { ids, next } = await documents.loadBetween(customerMonths, { from, limit: invoicesASlice })
  const ended: StoredMonth[] = []
  for (const id of ids) {
    const month = documents.get<CustomerMonth>(customerMonths, id)
    if (!month || !documents.owns(month.customer)) continue
    if (endOf(month, clock.zone) > billingNow(clock)) return { ended, open: { id, month } }
    ended.push({ id, month })
  }
  return { ended, next }
}

function endOf({ month }: CustomerMonth, zone: string): number {
  return monthOf(zone, month)?.end ?? Infinity
}
