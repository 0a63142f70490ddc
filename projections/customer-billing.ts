import type { BillableEventRecorded } from '../domain/billable-event.js'
import { billingNow } from '../domain/billing-clock.js'
import { bill, emptyCustomerMonth, type CustomerMonth } from '../domain/customer-month.js'
import type { RecordedEvent } from '../domain/event.js'
import { correctInvoice, issueInvoice, type Invoice } from '../domain/invoice.js'
import type { Month } from '../domain/time-zone.js'
import {
  billingClockId,
  billingClockOf,
  billingClocks,
  billingMonthOf,
  putBillingClock,
  setBillingZone,
  tickBillingClock,
} from './billing-clock-document.js'
import { closing } from './customer-billing-closing.js'
import {
  customerMonthId,
  customerMonths,
  invoices,
  monthOf,
  putInvoiced,
  type ClosingClock,
} from './customer-billing-documents.js'
import type { Documents, Projection } from './projection.js'

/**
 * What each customer owes for each month, as it grows, and the invoices that become of it when the billing clock has
 * passed the month's end (docs/semantics.md, Live billing).
 */
export const customerBilling: Projection = {
  name: 'customer-billing',
  version: 1,
  categories: ['customer', 'invoice', 'clock'],
  derives: ['InvoiceIssued', 'InvoiceCorrected'],
  collections: {
    [customerMonths]: { indexes: { customer: ['customer'] } },
    [invoices]: { indexes: { customer: ['customer'] } },
    [billingClocks]: {},
  },
  watches: [[billingClocks, billingClockId]],
  touches: [
    (event, want, documents) => {
      if (event.type !== 'BillableEventRecorded') return
      const { data } = event as RecordedEvent<BillableEventRecorded>
      const clock = billingClockOf<ClosingClock>(documents)
      const month = billingMonthOf(data, clock)
      const id = customerMonthId(month, data.customer)
      want(customerMonths, id)
      if (month.end <= billingNow(clock)) want(invoices, id)
    },
  ],
  handlers: {
    BillableEventRecorded: (event, documents) =>
      recordBillable(event as RecordedEvent<BillableEventRecorded>, documents),
    BillingTimeZoneSet: setBillingZone,
  },
  debt: closing,
}

function recordBillable(
  event: RecordedEvent<BillableEventRecorded>,
  documents: Documents,
): void | Promise<void> {
  const clock = billingClockOf<ClosingClock>(documents)
  const month = billingMonthOf(event.data, clock)
  const id = customerMonthId(month, event.data.customer)
  const handle = month.end > billingNow(clock) ? billOpenMonth : billEndedMonth
  if (documents.has(customerMonths, id) && (handle === billOpenMonth || documents.has(invoices, id))) {
    return handle(event, id, month, clock, documents)
  }
  // The zone was set or the clock passed the month's end in this very page: that could not be foreseen.
  return Promise.all([documents.load(customerMonths, [id]), documents.load(invoices, [id])]).then(() =>
    handle(event, id, month, clock, documents),
  )
}

function billOpenMonth(
  { data }: RecordedEvent<BillableEventRecorded>,
  id: string,
  month: Month,
  clock: ClosingClock,
  documents: Documents,
): void {
  let charged = monthOf(documents, id)
  if (!charged) {
    charged = emptyCustomerMonth(data.customer, month.key)
    // A month that begins may be the next to close.
    if (clock.nextClosing === undefined || month.end < clock.nextClosing) {
      clock.nextClosing = month.end
      putBillingClock(documents, clock)
    }
  }
  bill(charged, data)
  documents.put(customerMonths, id, charged)
  tickBillingClock(documents, clock, data.timestampMs)
}

/** An event that comes when its month has ended corrects the invoice, or brings it about. */
function billEndedMonth(
  event: RecordedEvent<BillableEventRecorded>,
  id: string,
  month: Month,
  { zone }: ClosingClock,
  documents: Documents,
): void {
  const charged = monthOf(documents, id) ?? emptyCustomerMonth(event.data.customer, month.key)
  const invoice = invoiceOf(documents, id, charged, zone)
  bill(charged, event.data)
  documents.put(customerMonths, id, charged)
  const invoiced = invoice ? correctInvoice(invoice, charged, event) : issueInvoice(charged, zone, event)
  putInvoiced(documents, id, invoiced)
}

/** The invoice as it was before this event. One that is due but has not been issued yet is issued first. */
function invoiceOf(
  documents: Documents,
  id: string,
  charged: CustomerMonth,
  zone: string,
): Invoice | undefined {
  const invoice = documents.get<Invoice>(invoices, id)
  if (invoice || charged.eventCount === 0) return invoice
  const issued = issueInvoice(charged, zone)
  putInvoiced(documents, id, issued)
  return issued.invoice
}
