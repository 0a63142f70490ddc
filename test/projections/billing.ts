import { parseBillableEvent } from '../../domain/billable-event-input.js'
import { billableEventRecorded } from '../../domain/billable-event.js'
import { billingTimeZoneSet } from '../../domain/billing-clock.js'
import type { Charges } from '../../domain/charges.js'
import type { CustomerMonth } from '../../domain/customer-month.js'
import type { NewEvent, RecordedEvent } from '../../domain/event.js'
import type { Invoice, InvoiceEvent } from '../../domain/invoice.js'
import { customerMonths, invoices } from '../../projections/billing/customer-billing-documents.js'
import { customerBilling } from '../../projections/billing/customer-billing.js'
import { typeCustomerMonths, typeMonths } from '../../projections/billing/type-billing-documents.js'
import { typeBilling } from '../../projections/billing/type-billing.js'
import { wholeLog, type Tidemark } from './tidemark.js'

let lines = 0

/** A billable event. What a test does not say is the same for all of them; its source is its own. */
export function billed(customer: string, at: string, amountEUR = '1.00', type = 'DATA'): NewEvent {
  const event = parseBillableEvent({ timestampMs: Date.parse(at), customer, amountEUR, type })
  return billableEventRecorded(event, { source: `test#${lines++}` })
}

export function billedIn(zone: string): NewEvent {
  return billingTimeZoneSet(zone)
}

/** What tests ask of the billing read models. */
export interface Billing {
  /** By `<yyyy-MM>/<customer>`. */
  months(): Promise<Record<string, CustomerMonth>>
  invoices(): Promise<Record<string, Invoice>>
  /** In cents, by `<yyyy-MM>/<customer>`. */
  totals(): Promise<Record<string, number | string>>
  /** In cents, by `<yyyy-MM>/<type>` and by `<yyyy-MM>/<type>/<customer>`. */
  typeTotals(): Promise<Record<string, number | string>>
  /** The events of invoices in the order of the log: `issued 2020-01/Emma 10.00`, `corrected 1 2020-01/Emma 11.00 +1.00`. */
  told(): Promise<string[]>
  differences(): Promise<readonly unknown[]>
}

export function billingOf(tidemark: Tidemark): Billing {
  const { documents, differences, eventStore } = tidemark
  const months = () => documents<CustomerMonth>(customerMonths, customerBilling.name)
  return {
    months,
    invoices: () => documents<Invoice>(invoices, customerBilling.name),
    totals: async () => totalsOf(await months()),
    typeTotals: async () => ({
      ...totalsOf(await documents<Charges>(typeMonths, typeBilling.name)),
      ...totalsOf(await documents<Charges>(typeCustomerMonths, typeBilling.name)),
    }),
    told: async () => {
      const events = await wholeLog(eventStore, ['invoice'])
      return (events as unknown as RecordedEvent<InvoiceEvent>[]).map(invoiceInShort)
    },
    differences: async () => [...(await differences(customerBilling)), ...(await differences(typeBilling))],
  }
}

export function invoiceInShort({ data }: RecordedEvent<InvoiceEvent>): string {
  const { customer, month, totalEur, revision } = data
  const sum = `${month}/${customer} ${totalEur}`
  if (!('differenceEur' in data)) return `issued ${sum}`
  return `corrected ${revision} ${sum} ${data.differenceEur.startsWith('-') ? '' : '+'}${data.differenceEur}`
}

function totalsOf(documents: Record<string, Charges>): Record<string, number | string> {
  return Object.fromEntries(Object.entries(documents).map(([id, { totalCents }]) => [id, totalCents]))
}
