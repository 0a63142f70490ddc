import { asEuros } from '../../domain/cents.js'
import {
  inEuros,
  subtotalsInEuros,
  type ChargesInEuros,
  type SubtotalsInEuros,
} from '../../domain/charges.js'
import { emptyCustomerMonth, type CustomerMonth } from '../../domain/customer-month.js'
import type { Invoice } from '../../domain/invoice.js'
import { customerBilling } from '../billing/customer-billing.js'
import { customerMonths, invoices } from '../billing/customer-billing-documents.js'
import { billingMonths } from './billing-clock.js'
import { DocumentBatch } from './document-batch.js'
import { readLive, type ReadModels } from './live.js'
import { partOf, type Page, type PageRequest } from './page.js'

/** What a customer owes for a month, as others see it. */
export interface CustomerMonthInEuros extends ChargesInEuros {
  readonly customer: string
  readonly month: string
  readonly subtotals: SubtotalsInEuros
}

/** An invoice, as others see it. */
export interface InvoiceInEuros extends CustomerMonthInEuros {
  readonly revision: number
  readonly issuedTotalEur: string
  readonly differenceEur: string | null
  readonly billingTimeZone: string
}

/** What customers owe, by customer and month (`yyyy-MM`). */
export function customerBillingOf(readStore: ReadModels): {
  /** `month` undefined: the one that the billing clock stands in. Undefined if nothing of the customer was ever billed. */
  month(customer: string, month: string | undefined): Promise<CustomerMonthInEuros | undefined>
  invoice(customer: string, month: string): Promise<InvoiceInEuros | undefined>
  isKnown(customer: string): Promise<boolean>
} {
  const { name } = customerBilling
  const current = billingMonths(readStore, name)
  const months = new DocumentBatch(readStore, name, customerMonths)
  const issued = new DocumentBatch(readStore, name, invoices)
  const isKnown = (customer: string) =>
    readLive(readStore, name, async (build) => {
      const { rows } = await build.page(customerMonths, {
        index: 'customer',
        equals: [customer],
        limit: 1,
      })
      return rows.length > 0
    })
  return {
    isKnown,
    month: async (customer, wanted) => {
      const key = wanted ?? (await current.current())
      if (key === undefined) return undefined
      const row = await months.get(idOf(customer, key))
      if (row) return customerMonthInEuros(JSON.parse(row.text) as CustomerMonth)
      return (await isKnown(customer)) ? customerMonthInEuros(emptyCustomerMonth(customer, key)) : undefined
    },
    invoice: async (customer, month) => {
      const row = await issued.get(idOf(customer, month))
      return row && invoiceInEuros(JSON.parse(row.text) as Invoice)
    },
  }
}

/** The invoices of a customer, in the order of months. */
export function listInvoices(
  readStore: ReadModels,
  customer: string,
  request: PageRequest,
): Promise<Page<InvoiceInEuros>> {
  return readLive(readStore, customerBilling.name, async (build) => {
    const query = { index: 'customer', equals: [customer], ...partOf(request) }
    const { rows, next } = await build.page(invoices, query)
    return { items: rows.map(({ text }) => invoiceInEuros(JSON.parse(text) as Invoice)), next }
  })
}

function customerMonthInEuros(billed: CustomerMonth): CustomerMonthInEuros {
  const { customer, month, subtotals } = billed
  return { customer, month, ...inEuros(billed), subtotals: subtotalsInEuros(subtotals) }
}

function invoiceInEuros(invoice: Invoice): InvoiceInEuros {
  const { customer, month, revision, subtotals, issuedCents, differenceCents, billingTimeZone } = invoice
  return {
    customer,
    month,
    ...inEuros(invoice),
    revision,
    issuedTotalEur: asEuros(issuedCents),
    differenceEur: differenceCents === null ? null : asEuros(differenceCents),
    subtotals: subtotalsInEuros(subtotals),
    billingTimeZone,
  }
}

function idOf(customer: string, month: string): string {
  return `${month}/${customer}`
}
