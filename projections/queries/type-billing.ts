import type { BillableType } from '../../domain/billable-event.js'
import { inEuros, noCharges, type ChargesInEuros } from '../../domain/charges.js'
import {
  typeCustomerMonths,
  typeMonthId,
  typeMonths,
  type TypeCustomerMonth,
  type TypeMonth,
} from '../billing/type-billing-documents.js'
import { typeBilling } from '../billing/type-billing.js'
import { billingMonths } from './billing-clock.js'
import { DocumentBatch } from './document-batch.js'
import { readLive, type ReadModels } from './live.js'
import { partOf, type Page, type PageRequest } from './page.js'

/** What a type of billable events comes to in a month, as others see it. */
export interface TypeMonthInEuros extends ChargesInEuros {
  readonly type: BillableType
  readonly month: string
}

/** One customer's share of it. */
export interface TypeCustomerInEuros extends TypeMonthInEuros {
  readonly customer: string
}

/** What types come to, by type and month (`yyyy-MM`). */
export function typeBillingOf(readStore: ReadModels): {
  /** The month that the billing clock stands in; undefined before anything was billed. */
  current(): Promise<string | undefined>
  month(type: BillableType, month: string): Promise<TypeMonthInEuros>
} {
  const { name } = typeBilling
  const months = new DocumentBatch(readStore, name, typeMonths)
  const clock = billingMonths(readStore, name)
  return {
    current: () => clock.current(),
    month: async (type, month) => {
      const row = await months.get(typeMonthId(month, type))
      const billed = row ? (JSON.parse(row.text) as TypeMonth) : { type, month, ...noCharges() }
      return { type, month, ...inEuros(billed) }
    },
  }
}

/** What each customer owes for a type in a month, in the order of their names, bytewise. */
export function listCustomersOfType(
  readStore: ReadModels,
  type: BillableType,
  month: string,
  request: PageRequest,
): Promise<Page<TypeCustomerInEuros>> {
  return readLive(readStore, typeBilling.name, async (build) => {
    const id = typeMonthId(month, type)
    // `0` comes right after `/`.
    const range = { from: `${id}/`, to: `${id}0` }
    const { rows, next } = await build.page(typeCustomerMonths, { ...range, ...partOf(request) })
    const items = rows.map(({ text }) => {
      const billed = JSON.parse(text) as TypeCustomerMonth
      return { customer: billed.customer, type, month, ...inEuros(billed) }
    })
    return { items, next }
  })
}
