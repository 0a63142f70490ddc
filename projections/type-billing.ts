import type { BillableEventRecorded, BillableType } from '../domain/billable-event.js'
import { charge, noCharges, type Charges } from '../domain/charges.js'
import type { RecordedEvent } from '../domain/event.js'
import {
  billingClockId,
  billingClockOf,
  billingClocks,
  billingMonthOf,
  setBillingZone,
  tickBillingClock,
} from './billing-clock-document.js'
import type { Documents, Projection } from './projection.js'

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

export const typeMonths = 'type-months'
export const typeCustomerMonths = 'type-customer-months'

/** `<yyyy-MM>/<type>`. */
export function typeMonthId(month: string, type: BillableType): string {
  return `${month}/${type}`
}

/** `<yyyy-MM>/<type>/<customer>`. */
function typeCustomerMonthId(typeMonth: string, customer: string): string {
  return `${typeMonth}/${customer}`
}

/**
 * What each type of billable events comes to in each month, over all customers and for each of them
 * (docs/semantics.md, Live billing).
 */
export const typeBilling: Projection = {
  name: 'type-billing',
  version: 1,
  categories: ['customer', 'clock'],
  collections: { [typeMonths]: {}, [typeCustomerMonths]: {}, [billingClocks]: {} },
  watches: [[billingClocks, billingClockId]],
  touches: [
    (event, want, documents) => {
      if (event.type !== 'BillableEventRecorded') return
      const { data } = event as RecordedEvent<BillableEventRecorded>
      const id = typeMonthId(billingMonthOf(data, billingClockOf(documents)).key, data.type)
      want(typeMonths, id)
      want(typeCustomerMonths, typeCustomerMonthId(id, data.customer))
    },
  ],
  handlers: {
    BillableEventRecorded: ({ data }, documents) =>
      recordBillable(data as BillableEventRecorded['data'], documents),
    BillingTimeZoneSet: setBillingZone,
  },
}

function recordBillable(billed: BillableEventRecorded['data'], documents: Documents): void | Promise<void> {
  const { key: month } = billingMonthOf(billed, billingClockOf(documents))
  const id = typeMonthId(month, billed.type)
  const customerId = typeCustomerMonthId(id, billed.customer)
  if (documents.has(typeCustomerMonths, customerId)) return add(billed, month, id, customerId, documents)
  // The zone was set in this very page: that could not be foreseen.
  return Promise.all([
    documents.load(typeMonths, [id]),
    documents.load(typeCustomerMonths, [customerId]),
  ]).then(() => add(billed, month, id, customerId, documents))
}

function add(
  { type, customer, amountCents, timestampMs }: BillableEventRecorded['data'],
  month: string,
  id: string,
  customerId: string,
  documents: Documents,
): void {
  const sum = documents.get<TypeMonth>(typeMonths, id) ?? { type, month, ...noCharges() }
  charge(sum, amountCents)
  documents.put(typeMonths, id, sum)
  const share =
    documents.get<TypeCustomerMonth>(typeCustomerMonths, customerId) ??
    ({ type, month, customer, ...noCharges() } satisfies TypeCustomerMonth)
  charge(share, amountCents)
  documents.put(typeCustomerMonths, customerId, share)
  tickBillingClock(documents, billingClockOf(documents), timestampMs)
}
