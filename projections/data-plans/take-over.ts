import type { Agreement } from '../../domain/agreement.js'
import {
  addRecords,
  removeRecords,
  type BillingPeriod,
  type CountedRecord,
} from '../../domain/billing-period.js'
import { coverageAt, coveragesOf, type Coverage } from '../../domain/coverage.js'
import { reading } from '../../domain/data-record-clock.js'
import type { Cause } from '../../domain/cause.js'
import { notify } from '../../domain/notification.js'
import { monthAt, type Month } from '../../domain/time-zone.js'
import { parseTimestamp } from '../../domain/timestamp.js'
import { closed } from './closing.js'
import { clockOf, periodId, periodOf, putPeriod, subscriberOf } from './documents.js'
import type { Row } from '../../read-store/port.js'
import type { Documents } from '../projection.js'
import { latestBetween, pagesBetween, recordPages, recordsBetween, type RecordPage } from './record-pages.js'

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
  const { agreement, from, to } = coverage
  const { msisdn } = agreement
  const previous = coverageAt(coveragesOf(subscriberOf(documents, msisdn).agreements), from)
  const records = await recordsBetween(documents, msisdn, from, to)
  if (records.length === 0) return
  const gained = byMonth(records, agreement)
  const lost = previous ? byMonth(records, previous.agreement) : []
  const staying = previous && (await latestBetween(documents, msisdn, previous.from, from))
  const pages = previous ? [] : await arrayOf(pagesBetween(documents, msisdn, from, to))
  await documents.load(
    recordPages,
    pages.map(({ id }) => id),
  )
  await documents.load('billing-periods', [
    ...gained.map(({ month }) => periodId(agreement, month)),
    ...(previous ? lost.map(({ month }) => periodId(previous.agreement, month)) : []),
  ])
  match(pages, from, documents)
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

/** Records of these pages have an agreement now; those before `from` still have none. */
function match(pages: readonly Row[], from: number, documents: Documents): void {
  for (const { id } of pages) {
    const page = documents.get<RecordPage>(recordPages, id)
    if (!page) continue
    const unmatched = page.records.some(([recordedAt]) => parseTimestamp(recordedAt) < from)
    const still = unmatched ? page.msisdn : undefined
    documents.put(recordPages, id, { ...page, unmatched: still } satisfies RecordPage)
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

async function arrayOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const array: T[] = []
  for await (const item of items) array.push(item)
  return array
}
