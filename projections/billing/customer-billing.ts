import type { BillableEvent, BillableEventRecorded } from '../../domain/billable-event.js'
import { billingNow } from '../../domain/billing-clock.js'
import { bill, emptyCustomerMonth, type CustomerMonth } from '../../domain/customer-month.js'
import type { RecordedEvent } from '../../domain/event.js'
import { correctInvoice, issueInvoice, type Invoice } from '../../domain/invoice.js'
import type { Month } from '../../domain/time-zone.js'
import {
  billingClockId,
  billingClockOf,
  billingClocks,
  billingMonthOf,
  putBillingClock,
  setBillingZone,
  tickBillingClock,
  tickOnly,
} from './clock-document.js'
import { closing } from './customer-billing-closing.js'
import {
  customerMonthId,
  customerMonths,
  invoices,
  putInvoiced,
  type ClosingClock,
} from './customer-billing-documents.js'
import { CustomerMonthMemo } from './customer-month-memo.js'
import type { HeldDocument } from '../running/kept-documents.js'
import type { Documents, SharedProjection, Want } from '../projection.js'

/**
 * What each customer owes for each month, as it grows, and the invoices that become of it when the billing clock has
 * passed the month's end (docs/semantics.md, Live billing).
 */
export const customerBilling: SharedProjection = {
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
  sharing: {
    keyOf: ({ type, data }) =>
      type === 'BillableEventRecorded' ? (data as BillableEvent).customer : undefined,
    elsewhere: { BillableEventRecorded: tickOnly },
  },
  touch: touchMonth,
  handlers: {
    BillableEventRecorded: (event, documents) =>
      recordBillable(event as RecordedEvent<BillableEventRecorded>, documents),
    BillingTimeZoneSet: setBillingZone,
  },
  debt: closing,
}

/** The customer's month, and its invoice if it has ended. */
function touchMonth(event: RecordedEvent, want: Want, documents: Documents): void {
  if (event.type !== 'BillableEventRecorded') return
  const { data } = event as RecordedEvent<BillableEventRecorded>
  const clock = billingClockOf<ClosingClock>(documents)
  const month = billingMonthOf(data, clock)
  const held = CustomerMonthMemo.of(documents).hold(data.customer, month, documents)
  if (!held) want(customerMonths, customerMonthId(month, data.customer))
  if (month.end <= billingNow(clock)) want(invoices, held?.id ?? customerMonthId(month, data.customer))
}

function recordBillable(
  event: RecordedEvent<BillableEventRecorded>,
  documents: Documents,
): void | Promise<void> {
  const clock = billingClockOf<ClosingClock>(documents)
  const month = billingMonthOf(event.data, clock)
  const held = CustomerMonthMemo.of(documents).hold(event.data.customer, month, documents)
  const ended = month.end <= billingNow(clock)
  if (held && !ended) return billOpenMonth(event, held, month, clock, documents)
  if (held && documents.has(invoices, held.id)) return billEndedMonth(event, held, month, clock, documents)
  return loadMonth(event.data.customer, month, documents).then((loaded) => {
    if (ended) billEndedMonth(event, loaded, month, clock, documents)
    else billOpenMonth(event, loaded, month, clock, documents)
  })
}

/** What could not be foreseen: the zone was set, or the clock passed the month's end, in the page of the event. */
async function loadMonth(customer: string, month: Month, documents: Documents): Promise<HeldDocument> {
  const id = customerMonthId(month, customer)
  await documents.load(customerMonths, [id])
  await documents.load(invoices, [id])
  const held = documents.hold(customerMonths, id)
  if (!held) throw new Error(`the month ${id} was not loaded`)
  return held
}

function billOpenMonth(
  { data }: RecordedEvent<BillableEventRecorded>,
  held: HeldDocument,
  month: Month,
  clock: ClosingClock,
  documents: Documents,
): void {
  // A month that begins may be the next to close.
  if (!held.document && (clock.nextClosing === undefined || month.end < clock.nextClosing)) {
    clock.nextClosing = month.end
    putBillingClock(documents, clock)
  }
  billTo(held, data, month)
  tickBillingClock(documents, clock, data.timestampMs)
}

/** Adds an event to the month's document, which begins with it if there is none. */
function billTo(held: HeldDocument, billed: BillableEvent, month: Month): CustomerMonth {
  const charged =
    (held.document as CustomerMonth | undefined) ?? emptyCustomerMonth(billed.customer, month.key)
  bill(charged, billed)
  held.change(charged)
  return charged
}

/** An event that comes when its month has ended corrects the invoice, or brings it about. */
function billEndedMonth(
  event: RecordedEvent<BillableEventRecorded>,
  held: HeldDocument,
  month: Month,
  { zone }: ClosingClock,
  documents: Documents,
): void {
  const invoice = invoiceOf(held, zone, documents)
  const charged = billTo(held, event.data, month)
  const invoiced = invoice ? correctInvoice(invoice, charged, event) : issueInvoice(charged, zone, event)
  putInvoiced(documents, held.id, invoiced)
}

/** The invoice as it was before this event. One that is due but has not been issued yet is issued first. */
function invoiceOf({ id, document }: HeldDocument, zone: string, documents: Documents): Invoice | undefined {
  const invoice = documents.get<Invoice>(invoices, id)
  if (invoice || !document) return invoice
  const issued = issueInvoice(document as CustomerMonth, zone)
  putInvoiced(documents, id, issued)
  return issued.invoice
}
