import type { Agreement } from './agreement.js'
import { atLeast, minus, plus, type ByteTotal } from './bytes.js'
import { compareBytewise } from './bytewise.js'
import { formatTimestamp, lastInstant, sortable } from './timestamp.js'
import type { Month } from './time-zone.js'

/** A data record as a billing period sees it. */
export interface CountedRecord {
  readonly internalRecordId: string
  readonly externalRecordId: string
  /** ISO 8601, UTC, as {@link formatTimestamp} writes it. */
  readonly recordedAt: string
  readonly recordedBytes: number
}

/** Which notifications a period has raised. */
export interface Notified {
  readonly exceeded: boolean
  readonly closed: boolean
  readonly corrections: number
}

/** How a period came about. It stays when the period loses its last record, in case it comes back. */
export interface PeriodHistory {
  /** Records that came when the clock had reached the period's end. */
  readonly lateRecords: number
  /** How often the period has changed. */
  readonly revision: number
  readonly notified: Notified
}

/**
 * One agreement's use in one calendar month of its time zone: a fold over the records that the agreement covers.
 * All but its history depends on the set of records alone (docs/semantics.md, Convergent).
 */
export interface BillingPeriod extends PeriodHistory {
  readonly agreementId: string
  /** Whose records they are. */
  readonly msisdn: string
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly billingPeriodTimeZone: string
  readonly totalRecordedBytes: ByteTotal
  readonly recordCount: number
  readonly maxBytesInBillingPeriod: number
  /** The total has reached the limit. */
  readonly exceeded: boolean
  /** Of the record with the greatest event time, ties broken by its (external) id, bytewise: ISO 8601, UTC. */
  readonly latestRecordedAt: string | null
  readonly latestInternalRecordId: string | null
  readonly latestExternalRecordId: string | null
  readonly status: 'open' | 'closed'
  /** The end of the month, ISO 8601, UTC, to the second; absent once the period is closed, or if nothing can close it. */
  readonly openUntil?: string | undefined
}

/** A period without records: where every fold begins. */
export function emptyPeriod(agreement: Agreement, month: Month, history?: PeriodHistory): BillingPeriod {
  const closed = history?.notified.closed ?? false
  return {
    agreementId: agreement.id,
    msisdn: agreement.msisdn,
    year: month.year,
    month: month.month,
    billingPeriodTimeZone: agreement.billingPeriodTimeZone,
    totalRecordedBytes: 0,
    recordCount: 0,
    maxBytesInBillingPeriod: agreement.maxBytesInBillingPeriod,
    exceeded: false,
    latestRecordedAt: null,
    latestInternalRecordId: null,
    latestExternalRecordId: null,
    status: closed ? 'closed' : 'open',
    lateRecords: history?.lateRecords ?? 0,
    revision: history?.revision ?? 0,
    notified: history?.notified ?? { exceeded: false, closed: false, corrections: 0 },
    // No record is as late as the end of the last month there is, so no clock reaches it.
    openUntil: closed || month.end > lastInstant ? undefined : formatTimestamp(month.end),
  }
}

/** @param late the clock had reached the period's end when the records came */
export function addRecords(
  period: BillingPeriod,
  records: readonly CountedRecord[],
  late: boolean,
): BillingPeriod {
  let total = period.totalRecordedBytes
  let latest: CountedRecord | undefined
  for (const record of records) {
    total = plus(total, record.recordedBytes)
    if (isLater(record, latest?.recordedAt ?? null, latest?.externalRecordId ?? '')) latest = record
  }
  const lateRecords = period.lateRecords + (late ? records.length : 0)
  const counted = changed(period, total, period.recordCount + records.length, lateRecords)
  if (!latest || !isLater(latest, period.latestRecordedAt, period.latestExternalRecordId ?? ''))
    return counted
  return withLatest(counted, latest)
}

/** Takes records away that another agreement covers now. `latest` is the latest of those that stay. */
export function removeRecords(
  period: BillingPeriod,
  records: readonly CountedRecord[],
  latest: CountedRecord | undefined,
): BillingPeriod {
  let total = period.totalRecordedBytes
  for (const { recordedBytes } of records) total = minus(total, recordedBytes)
  const counted = changed(period, total, period.recordCount - records.length, period.lateRecords)
  return withLatest(counted, latest)
}

/** `2020-01`: the month as it stands in names. */
export function monthKey({ year, month }: Pick<BillingPeriod, 'year' | 'month'>): string {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}`
}

/** Greater event time; of two at the same time the greater id, bytewise. */
function isLater(record: CountedRecord, latestRecordedAt: string | null, latestId: string): boolean {
  if (latestRecordedAt === null) return true
  if (record.recordedAt === latestRecordedAt) return compareBytewise(record.externalRecordId, latestId) > 0
  // Without milliseconds in either, which is most of them, they sort as they are.
  if (record.recordedAt.length === latestRecordedAt.length) return record.recordedAt > latestRecordedAt
  return sortable(record.recordedAt) > sortable(latestRecordedAt)
}

type Draft = { -readonly [Field in keyof BillingPeriod]: BillingPeriod[Field] }

/** Field by field, in their order: a spread takes four times as long, and this runs for every record. */
function changed(period: BillingPeriod, total: ByteTotal, recordCount: number, lateRecords: number): Draft {
  return {
    agreementId: period.agreementId,
    msisdn: period.msisdn,
    year: period.year,
    month: period.month,
    billingPeriodTimeZone: period.billingPeriodTimeZone,
    totalRecordedBytes: total,
    recordCount,
    maxBytesInBillingPeriod: period.maxBytesInBillingPeriod,
    exceeded: atLeast(total, period.maxBytesInBillingPeriod),
    latestRecordedAt: period.latestRecordedAt,
    latestInternalRecordId: period.latestInternalRecordId,
    latestExternalRecordId: period.latestExternalRecordId,
    status: period.status,
    lateRecords,
    revision: period.revision + 1,
    notified: period.notified,
    openUntil: period.openUntil,
  }
}

function withLatest(period: Draft, record: CountedRecord | undefined): BillingPeriod {
  period.latestRecordedAt = record?.recordedAt ?? null
  period.latestInternalRecordId = record?.internalRecordId ?? null
  period.latestExternalRecordId = record?.externalRecordId ?? null
  return period
}
