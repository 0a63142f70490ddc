import type { Invoice, Invoiced } from '../../domain/invoice.js'
import type { Month } from '../../domain/time-zone.js'
import type { BillingClockDocument } from './clock-document.js'
import type { Documents } from '../projection.js'

/** A `CustomerMonth` for each customer and month that has billable events. */
export const customerMonths = 'customer-months'
/** An `Invoice` for each of them whose month has ended. Both have the same id. */
export const invoices = 'invoices'

/** The clock, and what is to be closed next. */
export interface ClosingClock extends BillingClockDocument {
  /** The earliest end of a month that is open and has events, epoch milliseconds; absent where there is none. */
  nextClosing?: number | undefined
  /** While months are being closed: the id of the first document that is still to be looked at. */
  closingFrom?: string | undefined
}

/** `<yyyy-MM>/<customer>`: the documents of a month lie side by side, since they change and close together. */
export function customerMonthId(month: Month, customer: string): string {
  return `${month.key}/${customer}`
}

/** The id before which all documents of earlier months lie. */
export function firstIdOf(month: Month): string {
  return `${month.key}/`
}

export function putInvoiced(documents: Documents, id: string, { invoice, event }: Invoiced): void {
  documents.put(invoices, id, invoice satisfies Invoice)
  documents.derive(event, invoice.revision)
}
