import { billingNow } from '../domain/billing-clock.js'
import type { CustomerMonth } from '../domain/customer-month.js'
import { issueInvoice } from '../domain/invoice.js'
import { monthAt, monthOf } from '../domain/time-zone.js'
import { billingClockOf, putBillingClock } from './billing-clock-document.js'
import {
  customerMonths,
  firstIdOf,
  invoices,
  putInvoiced,
  type ClosingClock,
} from './customer-billing-documents.js'
import type { Debt, Documents } from './projection.js'

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
  const from = closingFrom ?? firstIdOf(monthAt(clock.zone, nextClosing - 1))
  const { rows } = await documents.page(customerMonths, { from, limit: invoicesASlice + 1 })
  const months = rows.map(({ id, text }) => ({ id, month: JSON.parse(text) as CustomerMonth }))
  const open = months.find(({ month }) => endOf(month, clock.zone) > billingNow(clock))
  const ended = months.slice(0, open ? months.indexOf(open) : invoicesASlice)
  await documents.load(
    invoices,
    ended.map(({ id }) => id),
  )
  for (const { id, month } of ended) {
    // A late event may have brought it about already.
    if (!documents.get(invoices, id)) putInvoiced(documents, id, issueInvoice(month, clock.zone))
  }
  const next = months[invoicesASlice]
  const to: ClosingClock = { ...clock }
  if (open) to.nextClosing = endOf(open.month, clock.zone)
  else if (next) [to.nextClosing, to.closingFrom] = [nextClosing, next.id]
  putBillingClock(documents, to)
}

function endOf({ month }: CustomerMonth, zone: string): number {
  return monthOf(zone, month)?.end ?? Infinity
}
