import {
  billingClockStream,
  billingTimeZoneSet,
  defaultBillingTimeZone,
  type BillingTimeZoneSet,
} from '../domain/billing-clock.js'
import { isSameTimeZone } from '../domain/time-zone.js'
import { RevisionConflict } from '../event-store/errors.js'
import type { EventStore } from '../event-store/port.js'

/** The log is billed in another time zone, and stays so: months that were invoiced cannot become others. */
export class BillingTimeZoneFixed extends Error {
  readonly code = 'billing-time-zone-fixed'
  constructor(fixed: string, wanted: string) {
    super(
      `BILLING_TIME_ZONE is ${wanted}, but this log is billed in ${fixed}: set BILLING_TIME_ZONE=${fixed} or leave it unset; ` +
        'to bill in another zone, begin a new log and import everything into that',
    )
  }
}

/**
 * Refuses to go on with another zone than the one that the log is billed in. Writes nothing.
 *
 * @param zone undefined: whatever the log says
 * @throws {BillingTimeZoneFixed}
 */
export async function checkBillingTimeZone(eventStore: EventStore, zone: string | undefined): Promise<void> {
  if (zone === undefined) return
  const log = await billedIn(eventStore)
  if (log.fixed && !isSameTimeZone(log.zone, zone)) throw new BillingTimeZoneFixed(log.zone, zone)
}

/**
 * Makes the configured billing time zone a fact, before anything is billed: a rebuild must find the one that held at the
 * time, not the one of today. A log without that fact is billed in UTC, from its first billable event on.
 *
 * @param zone undefined: whatever the log says
 * @throws {BillingTimeZoneFixed}
 */
export async function setBillingTimeZone(eventStore: EventStore, zone: string | undefined): Promise<void> {
  if (zone === undefined) return
  const before = await billedIn(eventStore)
  if (isSameTimeZone(before.zone, zone)) return
  if (before.fixed) throw new BillingTimeZoneFixed(before.zone, zone)
  const event = billingTimeZoneSet(zone)
  try {
    await eventStore.append([event], [{ stream: billingClockStream, revision: 'none' }])
  } catch (error) {
    // Another process has said so at this moment, or something else.
    if (!(error instanceof RevisionConflict)) throw error
  }
  await checkBillingTimeZone(eventStore, zone)
}

/** The zone that the log is billed in, and whether that cannot change any more. */
async function billedIn(eventStore: EventStore): Promise<{ readonly zone: string; readonly fixed: boolean }> {
  const [set] = await eventStore.readStream(billingClockStream, { limit: 1 })
  const begun = await isBilledBefore(eventStore, set?.position ?? (await eventStore.head()) + 1)
  if (!set || begun) return { zone: defaultBillingTimeZone, fixed: begun || set !== undefined }
  return { zone: (set.data as BillingTimeZoneSet['data']).zone, fixed: true }
}

/** Whether there is a billable event before a position. */
async function isBilledBefore(eventStore: EventStore, position: number): Promise<boolean> {
  for (let after = 0; after < position - 1;) {
    const page = await eventStore.readAll({ after, limit: 1, categories: ['customer'] })
    const [first] = page.events
    if (first) return first.position < position
    after = page.position
  }
  return false
}
