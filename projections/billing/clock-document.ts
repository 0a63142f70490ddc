import type { BillableEvent } from '../../domain/billable-event.js'
import {
  setZone,
  unsetBillingClock,
  type BillingClock,
  type BillingTimeZoneSet,
} from '../../domain/billing-clock.js'
import { monthAt, type Month } from '../../domain/time-zone.js'
import type { Documents, Handler } from '../projection.js'

/** The billing clock as it is kept: one document, which is always at hand and changed in place. */
export interface BillingClockDocument extends BillingClock {
  latest: number | null
}

/** The collection and the id of the clock's document. */
export const billingClocks = 'clocks'
export const billingClockId = 'billing'

export function billingClockOf<Clock extends BillingClockDocument>(documents: Documents): Clock {
  const known = documents.get<Clock>(billingClocks, billingClockId)
  // What a projection adds to the clock is absent at first.
  return known ?? ({ ...unsetBillingClock } as Clock)
}

export function putBillingClock<Clock extends BillingClockDocument>(
  documents: Documents,
  clock: Clock,
): void {
  documents.put(billingClocks, billingClockId, clock)
}

/** The clock after an event at this time. */
export function tickBillingClock(
  documents: Documents,
  clock: BillingClockDocument,
  timestampMs: number,
): void {
  if (clock.latest !== null && timestampMs <= clock.latest) return
  clock.latest = timestampMs
  putBillingClock(documents, clock)
}

/** A billable event whose sums are kept in another partition. */
export const tickOnly: Handler = ({ data }, documents) => {
  tickBillingClock(documents, billingClockOf(documents), (data as BillableEvent).timestampMs)
}

/** The billing month of an event. */
export function billingMonthOf({ timestampMs }: BillableEvent, { zone }: BillingClock): Month {
  return monthAt(zone, timestampMs)
}

export const setBillingZone: Handler = ({ data }, documents) => {
  const clock = billingClockOf(documents)
  const set = setZone(clock, (data as BillingTimeZoneSet['data']).zone)
  if (set !== clock) putBillingClock(documents, set)
}
