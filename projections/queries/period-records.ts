import { compareBytewise } from '../../domain/bytewise.js'
import type { CountedRecord } from '../../domain/billing-period.js'
import { coveragesOf } from '../../domain/coverage.js'
import { internalRecordId } from '../../domain/data-record.js'
import { monthOf } from '../../domain/time-zone.js'
import { parseTimestamp, sortable } from '../../domain/timestamp.js'
import type { Build } from '../../read-store/port.js'
import type { Subscriber } from '../data-plans/documents.js'
import { dataPlans } from '../data-plans/data-plans.js'
import { pagesBetween, type RecordPage } from '../data-plans/record-pages.js'
import type { AgreementDocument } from './agreements.js'
import { cursorAt, placeOf } from './cursor.js'
import { readLive, type ReadStore } from './live.js'
import type { Page, PageRequest } from './page.js'

/** Event time, external id, bytes: as it is stored. */
export type StoredRecord = RecordPage['records'][number]

interface Span {
  readonly from: number
  readonly to: number
}

/**
 * The records that an agreement counts in a month, newest first: those of its subscriber that lie in the month and
 * in the time that the agreement covers. Reads the subscriber's records of the month, and holds few more than it
 * answers.
 *
 * @param monthKey `yyyy-MM`
 */
export function listRecordsOfPeriod(
  readStore: ReadStore,
  agreement: AgreementDocument,
  monthKey: string,
  { limit, after }: PageRequest,
): Promise<Page<CountedRecord>> {
  const last = after === undefined ? undefined : recordAt(after)
  return readLive(readStore, dataPlans.name, async (build) => {
    const span = await spanOf(build, agreement, monthKey)
    if (!span) return { items: [] }
    const newest = await newestBefore(build, agreement.msisdn, span, last, limit + 1)
    const items = newest.slice(0, limit)
    const [recordedAt, externalRecordId] = items.at(-1) ?? []
    return {
      items: items.map((record) => countedRecord(agreement.msisdn, record)),
      next: newest.length > limit ? cursorAt([recordedAt, externalRecordId]) : undefined,
    }
  })
}

export function countedRecord(
  msisdn: string,
  [recordedAt, externalRecordId, recordedBytes]: StoredRecord,
): CountedRecord {
  const internalId = internalRecordId(msisdn, externalRecordId)
  return { internalRecordId: internalId, externalRecordId, recordedAt, recordedBytes }
}

/** The time in which the agreement counts records of the month; undefined if there is none. */
async function spanOf(
  build: Build,
  { id, msisdn, billingPeriodTimeZone }: AgreementDocument,
  monthKey: string,
): Promise<Span | undefined> {
  const month = monthOf(billingPeriodTimeZone, monthKey)
  const [row] = await build.getMany('subscribers', [msisdn])
  const { agreements } = row ? (JSON.parse(row.text) as Subscriber) : { agreements: [] }
  const coverage = coveragesOf(agreements).find(({ agreement }) => agreement.id === id)
  if (!month || !coverage) return undefined
  const from = Math.max(month.start, coverage.from)
  const to = Math.min(month.end, coverage.to)
  return from < to ? { from, to } : undefined
}

/** The newest `count` records of a span that are older than `last`, newest first. */
async function newestBefore(
  build: Build,
  msisdn: string,
  { from, to }: Span,
  last: StoredRecord | undefined,
  count: number,
): Promise<StoredRecord[]> {
  const newest: StoredRecord[] = []
  let month = ''
  for await (const { text } of pagesBetween(build, msisdn, from, to, true)) {
    const { records, month: monthOfPage } = JSON.parse(text) as RecordPage
    // Pages of earlier months cannot hold a newer record.
    if (monthOfPage !== month && newest.length >= count) break
    month = monthOfPage
    for (const record of records) {
      const instant = parseTimestamp(record[0])
      if (instant >= from && instant < to && (!last || byNewest(record, last) > 0)) newest.push(record)
    }
    if (newest.length > 10 * count) newest.sort(byNewest).splice(count)
  }
  return newest.sort(byNewest).slice(0, count)
}

/** The order of lists that begin with the newest record. */
export function byNewest(a: StoredRecord, b: StoredRecord): number {
  if (a[0] === b[0]) return compareBytewise(b[1], a[1])
  return sortable(a[0]) < sortable(b[0]) ? 1 : -1
}

/** The record that a page ended with. */
function recordAt(cursor: string): StoredRecord {
  const [recordedAt, externalRecordId] = placeOf(cursor, 'string', 'string')
  return [recordedAt, externalRecordId, 0]
}
