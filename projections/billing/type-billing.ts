import type { BillableEvent, BillableEventRecorded } from '../../domain/billable-event.js'
import { charge, noCharges } from '../../domain/charges.js'
import type { RecordedEvent } from '../../domain/event.js'
import type { Month } from '../../domain/time-zone.js'
import {
  billingClockId,
  billingClockOf,
  billingClocks,
  billingMonthOf,
  setBillingZone,
  tickBillingClock,
  tickOnly,
} from './clock-document.js'
import type { Documents, SharedProjection, Want } from '../projection.js'
import {
  typeCustomerMonthId,
  typeCustomerMonths,
  typeMonthId,
  typeMonths,
  type TypeCustomerMonth,
  type TypeMonth,
} from './type-billing-documents.js'
import { TypeMonthMemo, type TypeDocuments } from './type-month-memo.js'

/**
 * What each type of billable events comes to in each month, over all customers and for each of them
 * (docs/semantics.md, Live billing).
 */
export const typeBilling: SharedProjection = {
  name: 'type-billing',
  version: 1,
  categories: ['customer', 'clock'],
  collections: { [typeMonths]: {}, [typeCustomerMonths]: {}, [billingClocks]: {} },
  watches: [[billingClocks, billingClockId]],
  sharing: {
    keyOf: ({ type, data }) => (type === 'BillableEventRecorded' ? (data as BillableEvent).type : undefined),
    elsewhere: { BillableEventRecorded: tickOnly },
  },
  touch: touchSums,
  handlers: {
    BillableEventRecorded: ({ data }, documents) =>
      recordBillable(data as BillableEventRecorded['data'], documents),
    BillingTimeZoneSet: setBillingZone,
  },
}

function touchSums(event: RecordedEvent, want: Want, documents: Documents): void {
  if (event.type !== 'BillableEventRecorded') return
  const { data } = event as RecordedEvent<BillableEventRecorded>
  const month = billingMonthOf(data, billingClockOf(documents))
  if (TypeMonthMemo.of(documents).hold(data.type, data.customer, month, documents)) return
  want(typeMonths, typeMonthId(month.key, data.type))
  want(typeCustomerMonths, typeCustomerMonthId(month.key, data.type, data.customer))
}

function recordBillable(billed: BillableEvent, documents: Documents): void | Promise<void> {
  const month = billingMonthOf(billed, billingClockOf(documents))
  const held = TypeMonthMemo.of(documents).hold(billed.type, billed.customer, month, documents)
  return held ? add(billed, month, held, documents) : loadAndAdd(billed, month, documents)
}

/** The zone was set in the page of the event: that could not be foreseen. */
async function loadAndAdd(billed: BillableEvent, month: Month, documents: Documents): Promise<void> {
  const { type, customer } = billed
  await documents.load(typeMonths, [typeMonthId(month.key, type)])
  await documents.load(typeCustomerMonths, [typeCustomerMonthId(month.key, type, customer)])
  const held = TypeMonthMemo.of(documents).hold(type, customer, month, documents)
  if (!held) throw new Error(`the sums of ${type} in ${month.key} were not loaded`)
  add(billed, month, held, documents)
}

function add(
  { type, customer, amountCents, timestampMs }: BillableEvent,
  { key: month }: Month,
  { sum, share }: TypeDocuments,
  documents: Documents,
): void {
  const whole = (sum.document as TypeMonth | undefined) ?? { type, month, ...noCharges() }
  charge(whole, amountCents)
  sum.change(whole)
  const part =
    (share.document as TypeCustomerMonth | undefined) ??
    ({ type, month, customer, ...noCharges() } satisfies TypeCustomerMonth)
  charge(part, amountCents)
  share.change(part)
  tickBillingClock(documents, billingClockOf(documents), timestampMs)
}
