import type { Event, NewEvent } from './event.js'
import { monthAt, type Month } from './time-zone.js'
import { uuidV5Namespace } from './uuid.js'

/**
 * On whose clock billing months are calendar months. It counts if it comes before the first billable event; the
 * months of a log without it are those of UTC.
 */
export type BillingTimeZoneSet = Event<'BillingTimeZoneSet', { readonly zone: string }>

/** The stream of the one event {@link BillingTimeZoneSet}. */
export const billingClockStream = 'clock-billing'
export const defaultBillingTimeZone = 'UTC'

/** How long the clock stays behind the greatest event time, in milliseconds. */
const billingLateness = 12 * 3_600_000

/**
 * The billing clock: the greatest event time in the log less {@link billingLateness}, over all customers. It never goes
 * back (docs/semantics.md, Live billing: Clock).
 */
export interface BillingClock {
  readonly zone: string
  /** The greatest event time, epoch milliseconds; null before the first billable event. */
  readonly latest: number | null
}

export const unsetBillingClock: BillingClock = { zone: defaultBillingTimeZone, latest: null }

/** The clock's reading in epoch milliseconds; before the first billable event, the beginning of time. */
export function billingNow({ latest }: BillingClock): number {
  return latest === null ? -Infinity : latest - billingLateness
}

/** The month that the clock stands in; undefined before the first billable event. */
export function currentBillingMonth(clock: BillingClock): Month | undefined {
  return clock.latest === null ? undefined : monthAt(clock.zone, billingNow(clock))
}

/** The clock under a time zone. The same object if it is too late for that: what was billed stays where it is. */
export function setZone<Clock extends BillingClock>(clock: Clock, zone: string): Clock {
  return clock.latest === null ? { ...clock, zone } : clock
}

export function billingTimeZoneSet(zone: string): NewEvent<BillingTimeZoneSet> {
  return {
    id: zoneId(zone.toLowerCase()),
    stream: billingClockStream,
    type: 'BillingTimeZoneSet',
    data: { zone },
    metadata: {},
  }
}

const zoneId = uuidV5Namespace('c8a3d1f2-6e5b-5a47-8c19-f0d2b7e94a61')
