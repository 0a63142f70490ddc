import type { Agreement } from '../domain/agreement.js'
import { addRecords, removeRecords, type BillingPeriod, type CountedRecord } from '../domain/billing-period.js'
import { coverageAt, type Coverage } from '../domain/coverage.js'
import { reading } from '../domain/data-record-clock.js'
import { notify, type Cause } from '../domain/notification.js'
import { monthAt, type Month } from '../domain/time-zone.js'
import { formatTimestamp, parseTimestamp, sortable } from '../domain/timestamp.js'
import { closed } from './data-plan-closing.js'
import {
  clockOf,
  coveragesFor,
  periodId,
  periodOf,
  putPeriod,
  recordKey,
  recordOf,
  subscriberOf,
  type RecordDocument,
} from './data-plan-documents.js'
import type { Documents } from './projection.js'

const recordsAPage = 1_000

/** The records of one month that change hands. */
interface Share {
  readonly month: Month
  readonly records: CountedRecord[]
}

/**
 * A new agreement takes the records of its coverage over: from the agreement that covered them until now, or
 * from nobody. All of them had the same owner, since no other agreement starts within the coverage.
 */
export async function takeOver(cause: Cause, coverage: Coverage, documents: Documents): Promise<void> {
  const { agreement, from } = coverage
  const previous = coverageAt(coveragesFor(subscriberOf(documents, agreement.msisdn)), from)
  const records = await recordsBetween(documents, agreement.msisdn, from, coverage.to)
  if (records.length === 0) return
  const gained = byMonth(records, agreement)
  const lost = previous ? byMonth(records, previous.agreement) : []
  const staying = previous && (await latestBefore(documents, previous, from))
  await documents.load('billing-periods', [
    ...gained.map(({ month }) => periodId(agreement, month)),
    ...(previous ? lost.map(({ month }) => periodId(previous.agreement, month)) : []),
  ])
  if (!previous) match(records, agreement.msisdn, documents)
  for (const share of lost) if (previous) lose(share, previous.agreement, staying, cause, documents)
  for (const share of gained) gain(share, agreement, cause, documents)
}

function gain({ month, records }: Share, agreement: Agreement, cause: Cause, documents: Documents): void {
  const ended = reading(clockOf(documents)) >= month.end
  const period = closed(periodOf(documents, agreement, month), ended, documents)
  const counted = addRecords(period, records, ended)
  putPeriod(documents, agreement, month, notify(counted, period.totalRecordedBytes, ended, cause))
}

/** @param staying the latest record that stays with the agreement, in whatever month that is */
function lose(
  { month, records }: Share,
  agreement: Agreement,
  staying: CountedRecord | undefined,
  cause: Cause,
  documents: Documents,
): void {
  const ended = reading(clockOf(documents)) >= month.end
  const period: BillingPeriod = closed(periodOf(documents, agreement, month), ended, documents)
  const latest = staying && parseTimestamp(staying.recordedAt) >= month.start ? staying : undefined
  const counted = removeRecords(period, records, latest)
  putPeriod(documents, agreement, month, notify(counted, period.totalRecordedBytes, ended, cause))
}

/** They have an agreement now. */
function match(records: readonly CountedRecord[], msisdn: string, documents: Documents): void {
  for (const { externalRecordId, recordedAt, recordedBytes } of records) {
    const document: RecordDocument = { recordedBytes }
    documents.write('data-records', recordKey(msisdn, recordedAt, externalRecordId), document)
  }
}

function byMonth(records: readonly CountedRecord[], { billingPeriodTimeZone }: Agreement): Share[] {
  const shares = new Map<string, Share>()
  for (const record of records) {
    const month = monthAt(billingPeriodTimeZone, parseTimestamp(record.recordedAt))
    const share = shares.get(month.key)
    if (share) share.records.push(record)
    else shares.set(month.key, { month, records: [record] })
  }
  return [...shares.values()]
}

/** A subscriber's records in a half-open span of event time, in its order. */
async function recordsBetween(documents: Documents, msisdn: string, from: number, to: number): Promise<CountedRecord[]> {
  const records: CountedRecord[] = []
  const range = { from: keyAt(msisdn, from), to: to === Infinity ? `${msisdn}/~` : keyAt(msisdn, to) }
  let after: string | undefined
  do {
    const query = { ...range, limit: recordsAPage, ...(after === undefined ? {} : { after }) }
    const page = await documents.page('data-records', query)
    for (const row of page.rows) records.push(recordOf(row))
    after = page.next
  } while (after !== undefined)
  return records
}

/** The latest record that a coverage keeps when it ends at `to`. */
async function latestBefore(documents: Documents, { agreement, from }: Coverage, to: number) {
  const { msisdn } = agreement
  const range = { from: keyAt(msisdn, from), to: keyAt(msisdn, to) }
  const { rows } = await documents.page('data-records', { ...range, reverse: true, limit: 1 })
  return rows[0] && recordOf(rows[0])
}

function keyAt(msisdn: string, instant: number): string {
  return `${msisdn}/${sortable(formatTimestamp(instant))}`
}
