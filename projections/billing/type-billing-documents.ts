import type { BillableType } from '../../domain/billable-event.js'
import type { Charges } from '../../domain/charges.js'

/** A {@link TypeMonth} for each type and month that has billable events. */
export const typeMonths = 'type-months'
/** A {@link TypeCustomerMonth} for each type, month and customer. */
export const typeCustomerMonths = 'type-customer-months'

/** What all customers owe for one type in one month. */
export interface TypeMonth extends Charges {
  readonly type: BillableType
  /** `yyyy-MM`. */
  readonly month: string
}

/** What one of them does. */
export interface TypeCustomerMonth extends TypeMonth {
  readonly customer: string
}

/** `<yyyy-MM>/<type>`. */
export function typeMonthId(month: string, type: BillableType): string {
  return `${month}/${type}`
}

/** `<yyyy-MM>/<type>/<customer>`. */
export function typeCustomerMonthId(month: string, type: BillableType, customer: string): string {
  return `${month}/${type}/${customer}`
}
