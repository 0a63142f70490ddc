import type { Agreement } from '../../domain/agreement.js'
import { emptyPeriod, type BillingPeriod, type PeriodHistory } from '../../domain/billing-period.js'
import { unsetClock, type DataRecordClock } from '../../domain/data-record-clock.js'
import type { Notices } from '../../domain/notification.js'
import type { Month } from '../../domain/time-zone.js'
import type { Documents } from '../projection.js'

/** What matching needs to know of one subscriber; by msisdn. */
export interface Subscriber {
  /** In the order of precedence, whatever order they arrived in. */
  readonly agreements: readonly Agreement[]
  /** By period id: what is known of periods that lost their last record to another agreement. */
  readonly emptied?: Readonly<Record<string, PeriodHistory>>
}

/** The clock, and the earliest end of a period that is still open; null while that has to be looked up. */
export interface ClockDocument extends DataRecordClock {
  readonly nextClosing: string | null
}

/**
 * The periods that are open, by when they end, so that those which are due are found without asking an index: the id is
 * `<end, ISO 8601, UTC>/<period id>`.
 */
export const openPeriods = 'open-periods'

export interface OpenPeriod {
  /** Whose it is. */
  readonly msisdn: string
}

/** The clock's document, of which there is one. */
export const clockId = 'data-records'
/** No period is going to close. In the order of text it comes after every end of a period. */
export const never = 'never'

export const noAgreements: Subscriber = { agreements: [] }

export function subscriberOf(documents: Documents, msisdn: string): Subscriber {
  return documents.get<Subscriber>('subscribers', msisdn) ?? noAgreements
}

export function clockOf(documents: Documents): ClockDocument {
  return documents.get<ClockDocument>('clocks', clockId) ?? { ...unsetClock, nextClosing: never }
}

export function setClock(documents: Documents, change: Partial<ClockDocument>): void {
  documents.put('clocks', clockId, { ...clockOf(documents), ...change } satisfies ClockDocument)
}

/** `<agreement id>/<yyyy-MM>` */
export function periodId(agreement: Agreement, month: Month): string {
  return `${agreement.id}/${month.key}`
}

/** The loaded period of an agreement in a month, or a new one. */
export function periodOf(documents: Documents, agreement: Agreement, month: Month): BillingPeriod {
  const id = periodId(agreement, month)
  const period = documents.get<BillingPeriod>('billing-periods', id)
  if (period) return period
  const subscriber = subscriberOf(documents, agreement.msisdn)
  const { [id]: history, ...emptied } = subscriber.emptied ?? {}
  if (history) documents.put('subscribers', agreement.msisdn, { ...subscriber, emptied } satisfies Subscriber)
  const begun = emptyPeriod(agreement, month, history)
  const { nextClosing } = clockOf(documents)
  // A new period may be the next to close.
  if (begun.openUntil && nextClosing !== null && begun.openUntil < nextClosing) {
    setClock(documents, { nextClosing: begun.openUntil })
  }
  return begun
}

/** Keeps the list of open periods: a period that was open until a time, or not, is now to be stored as it is. */
export function listPeriod(
  documents: Documents,
  id: string,
  before: string | undefined,
  { openUntil, msisdn }: Pick<BillingPeriod, 'openUntil' | 'msisdn'>,
): void {
  if (openUntil === before) return
  if (before !== undefined) documents.delete(openPeriods, `${before}/${id}`)
  if (openUntil !== undefined) {
    documents.put(openPeriods, `${openUntil}/${id}`, { msisdn } satisfies OpenPeriod)
  }
}

/** Stores a period as it is after notifications were raised, or what stays of it if it lost its last record. */
export function putPeriod(documents: Documents, agreement: Agreement, month: Month, notices: Notices): void {
  const { period, raised } = notices
  for (const { event, revision } of raised) documents.derive(event, revision)
  const id = periodId(agreement, month)
  const before = documents.get<BillingPeriod>('billing-periods', id)?.openUntil
  const stays = period.recordCount > 0
  listPeriod(documents, id, before, stays ? period : { ...period, openUntil: undefined })
  if (stays) return documents.put('billing-periods', id, period)
  documents.delete('billing-periods', id)
  const { lateRecords, revision, notified } = period
  const subscriber = subscriberOf(documents, agreement.msisdn)
  const emptied = { ...subscriber.emptied, [id]: { lateRecords, revision, notified } }
  documents.put('subscribers', agreement.msisdn, { ...subscriber, emptied } satisfies Subscriber)
  // It may have been the next to close: which one is now, has to be looked up.
  if (period.openUntil !== undefined && period.openUntil === clockOf(documents).nextClosing) {
    setClock(documents, { nextClosing: null })
  }
}
