import { causedBy, type Cause } from './cause.js'
import { asEuros, minusCents, type Cents } from './cents.js'
import {
  byType,
  inEuros,
  subtotalsInEuros,
  type ChargesInEuros,
  type Subtotals,
  type SubtotalsInEuros,
} from './charges.js'
import type { CustomerMonth } from './customer-month.js'
import type { Event, NewEvent } from './event.js'
import { uuidV5Namespace } from './uuid.js'

/**
 * The invoice for a customer's month, as it is after its last revision. `revision`, `issuedCents` and `differenceCents` are
 * history; the rest depends on the set of billable events alone (docs/semantics.md, Live billing: Invoices).
 */
export interface Invoice {
  readonly customer: string
  /** `yyyy-MM`. */
  readonly month: string
  readonly billingTimeZone: string
  readonly totalCents: Cents
  readonly eventCount: number
  readonly subtotals: Subtotals
  /** 0 as issued, one more for each correction: the revision of its last event in its stream. */
  readonly revision: number
  /** What it came to when it was issued. */
  readonly issuedCents: Cents
  /** What the last correction added; null before the first. */
  readonly differenceCents: Cents | null
}

/** What the events of an invoice say, whatever their type. */
interface Payload extends ChargesInEuros {
  readonly customer: string
  readonly month: string
  readonly revision: number
  readonly subtotals: SubtotalsInEuros
  readonly billingTimeZone: string
}

/** The billing clock has reached the end of a month in which the customer had billable events. */
export type InvoiceIssued = Event<'InvoiceIssued', Payload>
/** A billable event came for a month that was invoiced already. */
export type InvoiceCorrected = Event<
  'InvoiceCorrected',
  Payload & { readonly previousTotalEur: string; readonly differenceEur: string }
>
/** Events of the streams `invoice-<customer>-<yyyy-MM>`. */
export type InvoiceEvent = InvoiceIssued | InvoiceCorrected

/** An invoice, and the derived event that made it so. The event's revision is the invoice's. */
export interface Invoiced {
  readonly invoice: Invoice
  readonly event: NewEvent<InvoiceEvent>
}

export function invoiceStream(customer: string, month: string): string {
  return `invoice-${customer}-${month}`
}

/**
 * Issues the invoice for a month that has ended.
 *
 * @param cause the billable event that came when the month had ended, if it is the first of its month
 */
export function issueInvoice(month: CustomerMonth, billingTimeZone: string, cause?: Cause): Invoiced {
  const invoice: Invoice = {
    ...stateOf(month, billingTimeZone),
    revision: 0,
    issuedCents: month.totalCents,
    differenceCents: null,
  }
  return { invoice, event: eventOf(invoice, 'InvoiceIssued', 'issued', payload(invoice), cause) }
}

/** Corrects an invoice after a billable event was added to its month. */
export function correctInvoice(previous: Invoice, month: CustomerMonth, cause: Cause): Invoiced {
  const invoice: Invoice = {
    ...stateOf(month, previous.billingTimeZone),
    revision: previous.revision + 1,
    issuedCents: previous.issuedCents,
    differenceCents: minusCents(month.totalCents, previous.totalCents),
  }
  const data: InvoiceCorrected['data'] = {
    ...payload(invoice),
    previousTotalEur: asEuros(previous.totalCents),
    differenceEur: asEuros(invoice.differenceCents ?? 0),
  }
  return { invoice, event: eventOf(invoice, 'InvoiceCorrected', cause.id, data, cause) }
}

/** The month's sums as they are now: the month itself goes on changing. */
function stateOf({ customer, month, totalCents, eventCount, subtotals }: CustomerMonth, zone: string) {
  const copied = byType((type) => ({ ...subtotals[type] }))
  return { customer, month, billingTimeZone: zone, totalCents, eventCount, subtotals: copied }
}

function payload(invoice: Invoice): Payload {
  const { customer, month, revision, subtotals, billingTimeZone } = invoice
  return {
    customer,
    month,
    revision,
    ...inEuros(invoice),
    subtotals: subtotalsInEuros(subtotals),
    billingTimeZone,
  }
}

/** @param occasion what tells this event from the others of its stream, whenever it is derived */
function eventOf<E extends InvoiceEvent>(
  { customer, month }: Invoice,
  type: E['type'],
  occasion: string,
  data: E['data'],
  cause: Cause | undefined,
): NewEvent<E> {
  const stream = invoiceStream(customer, month)
  return { id: invoiceEventId(`${stream}/${occasion}`), stream, type, data, metadata: causedBy(cause) }
}

const invoiceEventId = uuidV5Namespace('d2b6e0c7-94f8-5c13-a7e5-61f3a9d80b2c')
