import type { Month } from '../../domain/time-zone.js'
import { billingClockId, billingClocks } from './clock-document.js'
import { customerMonthId, customerMonths } from './customer-billing-documents.js'
import type { HeldDocument } from '../running/kept-documents.js'
import type { Documents } from '../projection.js'

/** So many customers are remembered. */
const mostCustomers = 10_000

/**
 * The month that each customer's last event fell into: mostly the next one does too, and neither its document nor its id
 * has to be looked up. It hangs on the clock's document and goes with it.
 */
export class CustomerMonthMemo {
  readonly #last = new Map<string, { readonly month: Month; readonly held: HeldDocument }>()

  static of(documents: Documents): CustomerMonthMemo {
    const clock = documents.hold(billingClocks, billingClockId)
    if (!clock) throw new Error('the billing clock was not loaded')
    return (clock.memo ??= new CustomerMonthMemo()) as CustomerMonthMemo
  }

  /** The document of a customer's month; undefined if it is not at hand. */
  hold(customer: string, month: Month, documents: Documents): HeldDocument | undefined {
    const last = this.#last.get(customer)
    if (last?.month === month && last.held.use()) return last.held
    const held = documents.hold(customerMonths, customerMonthId(month, customer))
    if (!held) return undefined
    if (this.#last.size >= mostCustomers) this.#last.clear()
    this.#last.set(customer, { month, held })
    return held
  }
}
