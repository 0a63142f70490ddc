import type { Agreement } from '../domain/agreement.js'
import { emptyPeriod, monthKey, type BillingPeriod, type PeriodHistory } from '../domain/billing-period.js'
import { coveragesOf, type Coverage } from '../domain/coverage.js'
import { unsetClock, type DataRecordClock } from '../domain/data-record-clock.js'
import type { Notices } from '../domain/notification.js'
import { monthAt } from '../domain/time-zone.js'
import type { Documents } from './projection.js'

/** What matching needs to know of one subscriber; by msisdn. */
export interface Subscriber {
  readonly agreements: readonly Agreement[]
  /** By period id: what is known of periods that lost their last record to another agreement. */
  readonly emptied?: Readonly<Record<string, PeriodHistory>>
}

/** The clock, and the earliest end of a period that is still open; null while that has to be looked up. */
export interface ClockDocument extends DataRecordClock {
  readonly nextClosing: string | null
}

/** A data record; the rest of it is in its id, see {@link recordKey}. */
export interface RecordDocument {
  readonly externalRecordId: string
  readonly recordedBytes: number
  /** The time part of the id, only while no agreement covers the record. */
  readonly unmatched?: string | undefined
}

/** The clock's document, of which there is one. */
export const clockId = 'data-records'
/** Later than any period ends. */
export const never = '9999-12-31T23:59:59Z'

const noAgreements: Subscriber = { agreements: [] }
const coverages = new WeakMap<Subscriber, readonly Coverage[]>()

export function subscriberOf(documents: Documents, msisdn: string): Subscriber {
  return documents.get<Subscriber>('subscribers', msisdn) ?? noAgreements
}

/** Who covers what of a subscriber; worked out once for each state of the document. */
export function coveragesFor(subscriber: Subscriber): readonly Coverage[] {
  let known = coverages.get(subscriber)
  if (!known) coverages.set(subscriber, (known = coveragesOf(subscriber.agreements)))
  return known
}

export function clockOf(documents: Documents): ClockDocument {
  return documents.get<ClockDocument>('clocks', clockId) ?? { ...unsetClock, nextClosing: never }
}

export function setClock(documents: Documents, change: Partial<ClockDocument>): void {
  documents.put('clocks', clockId, { ...clockOf(documents), ...change } satisfies ClockDocument)
}

/** `<agreement id>/<yyyy-MM>`. */
export function periodId(agreementId: string, month: string): string {
  return `${agreementId}/${month}`
}

/** `<msisdn>/<time>/<internal record id>`: records of a subscriber stand in the order of event time, then id. */
export function recordKey(msisdn: string, recordedAt: number, internalRecordId: string): string {
  return `${msisdn}/${timeKey(recordedAt)}/${internalRecordId}`
}

/** An instant as text that sorts bytewise: `2020-01-10T23:00:00.000Z`. */
export function timeKey(instant: number): string {
  return new Date(instant).toISOString()
}

/** What a record's key says. */
export function readRecordKey(key: string): { msisdn: string; recordedAt: number; internalRecordId: string } {
  const [msisdn = '', time = '', internalRecordId = ''] = key.split('/')
  return { msisdn, recordedAt: Date.parse(time), internalRecordId }
}

/** The loaded period that an instant falls into for an agreement, or a new one. */
export function periodAt(documents: Documents, agreement: Agreement, instant: number): BillingPeriod {
  const month = monthAt(agreement.billingPeriodTimeZone, instant)
  const id = periodId(agreement.id, month.key)
  const period = documents.get<BillingPeriod>('billing-periods', id)
  if (period) return period
  const { [id]: history, ...emptied } = subscriberOf(documents, agreement.msisdn).emptied ?? {}
  if (history) documents.put('subscribers', agreement.msisdn, { ...subscriberOf(documents, agreement.msisdn), emptied })
  const begun = emptyPeriod(agreement, month, history)
  const { nextClosing } = clockOf(documents)
  // A new period may be the next to close.
  if (begun.openUntil && nextClosing !== null && Date.parse(begun.openUntil) < Date.parse(nextClosing)) {
    setClock(documents, { nextClosing: begun.openUntil })
  }
  return begun
}

/** Stores a period as it is after notifications were raised, or what stays of it if it lost its last record. */
export function putPeriod(documents: Documents, msisdn: string, { period, raised }: Notices): void {
  for (const { event, revision } of raised) documents.derive(event, revision)
  const id = periodId(period.agreementId, monthKey(period))
  if (period.recordCount > 0) return documents.put('billing-periods', id, period)
  documents.delete('billing-periods', id)
  const { lateRecords, revision, notified } = period
  const subscriber = subscriberOf(documents, msisdn)
  const emptied = { ...subscriber.emptied, [id]: { lateRecords, revision, notified } }
  documents.put('subscribers', msisdn, { ...subscriber, emptied } satisfies Subscriber)
  // It may have been the next to close: which one is now, has to be looked up.
  if (period.openUntil !== undefined && period.openUntil === clockOf(documents).nextClosing) {
    setClock(documents, { nextClosing: null })
  }
}
