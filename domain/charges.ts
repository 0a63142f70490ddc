import { billableTypes, type BillableType } from './billable-event.js'
import { asEuros, plusCents, type Cents } from './cents.js'

/** A sum over billable events. It is added to in place: a few of them take most events of a log. */
export interface Charges {
  totalCents: Cents
  eventCount: number
}

/** A sum for each type. */
export type Subtotals = Readonly<Record<BillableType, Charges>>

/** A sum as others see it, in euros with two decimals. */
export interface ChargesInEuros {
  readonly totalEur: string
  readonly eventCount: number
}

export type SubtotalsInEuros = Readonly<Record<BillableType, ChargesInEuros>>

export function noCharges(): Charges {
  return { totalCents: 0, eventCount: 0 }
}

/** Adds one event to a sum, in place. */
export function charge(charges: Charges, cents: number): void {
  charges.totalCents = plusCents(charges.totalCents, cents)
  charges.eventCount++
}

export function inEuros({ totalCents, eventCount }: Charges): ChargesInEuros {
  return { totalEur: asEuros(totalCents), eventCount }
}

export function subtotalsInEuros(subtotals: Subtotals): SubtotalsInEuros {
  return byType((type) => inEuros(subtotals[type]))
}

/** Something for each type, in their order. */
export function byType<Value>(valueOf: (type: BillableType) => Value): Record<BillableType, Value> {
  const entries = billableTypes.map((type) => [type, valueOf(type)])
  return Object.fromEntries(entries) as Record<BillableType, Value>
}
