import type { BillableType } from '../../domain/billable-event.js'
import type { Past } from '../past/as-of.js'
import { customerBilling } from './customer-billing.js'
import { typeCustomerMonths } from './type-billing-documents.js'
import { typeBilling } from './type-billing.js'

/** What a customer owes, month by month, and its invoices. They depend on the customer’s events, and on the clock. */
export function pastOfCustomer(customer: string): Past {
  return {
    projection: customerBilling,
    keys: async ({ eventStore, position }) => {
      const [first] = await eventStore.readStream(`customer-${customer}`, { limit: 1 })
      return first && first.position <= position ? [customer] : []
    },
  }
}

/** What a type comes to, month by month; without the customers’ shares, of which there may be any number. */
export function pastOfType(type: BillableType): Past {
  return { projection: typeBilling, keys: async () => [type], without: [typeCustomerMonths] }
}
