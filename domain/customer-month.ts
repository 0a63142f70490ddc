import type { BillableEvent } from './billable-event.js'
import { byType, charge, noCharges, type Charges, type Subtotals } from './charges.js'

/**
 * What one customer owes for one month: a fold over the customer's billable events of that month. All of it depends on
 * the set of events alone (docs/semantics.md, Convergent).
 */
export interface CustomerMonth extends Charges {
  readonly customer: string
  /** `yyyy-MM`. */
  readonly month: string
  /** They sum up to the total. */
  readonly subtotals: Subtotals
}

/** A month without events: where every fold begins. */
export function emptyCustomerMonth(customer: string, month: string): CustomerMonth {
  return { customer, month, ...noCharges(), subtotals: byType(noCharges) }
}

/** Adds a billable event, in place. */
export function bill(month: CustomerMonth, { type, amountCents }: BillableEvent): void {
  charge(month, amountCents)
  charge(month.subtotals[type], amountCents)
}
