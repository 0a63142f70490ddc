import type { BillableType } from '../../domain/billable-event.js'
import type { Month } from '../../domain/time-zone.js'
import { billingClockId, billingClocks } from './clock-document.js'
import type { HeldDocument } from '../running/kept-documents.js'
import type { Documents } from '../projection.js'
import { typeCustomerMonthId, typeCustomerMonths, typeMonthId, typeMonths } from './type-billing-documents.js'

/** So many customers are remembered. */
const mostCustomers = 10_000

/** The documents of one month, by type. */
interface OfMonth {
  readonly month: Month
  readonly held: Partial<Record<BillableType, HeldDocument>>
}

/** The documents that an event is added to. */
export interface TypeDocuments {
  readonly sum: HeldDocument
  readonly share: HeldDocument
}

/**
 * The months that the last events fell into, of all customers and of each: mostly the next one does too, and neither its
 * documents nor their ids have to be looked up. It hangs on the clock's document and goes with it.
 */
export class TypeMonthMemo {
  #sums: OfMonth | undefined
  readonly #shares = new Map<string, OfMonth>()

  static of(documents: Documents): TypeMonthMemo {
    const clock = documents.hold(billingClocks, billingClockId)
    if (!clock) throw new Error('the billing clock was not loaded')
    return (clock.memo ??= new TypeMonthMemo()) as TypeMonthMemo
  }

  /** Undefined if they are not at hand. */
  hold(type: BillableType, customer: string, month: Month, documents: Documents): TypeDocuments | undefined {
    const sum = this.#sum(type, month, documents)
    const share = sum && this.#share(type, customer, month, documents)
    return share && { sum, share }
  }

  #sum(type: BillableType, month: Month, documents: Documents): HeldDocument | undefined {
    if (this.#sums?.month !== month) this.#sums = { month, held: {} }
    const known = this.#sums.held[type]
    if (known?.use()) return known
    return (this.#sums.held[type] = documents.hold(typeMonths, typeMonthId(month.key, type)))
  }

  #share(type: BillableType, customer: string, month: Month, documents: Documents): HeldDocument | undefined {
    let shares = this.#shares.get(customer)
    if (shares?.month !== month) {
      if (this.#shares.size >= mostCustomers) this.#shares.clear()
      this.#shares.set(customer, (shares = { month, held: {} }))
    }
    const known = shares.held[type]
    if (known?.use()) return known
    const id = typeCustomerMonthId(month.key, type, customer)
    return (shares.held[type] = documents.hold(typeCustomerMonths, id))
  }
}
