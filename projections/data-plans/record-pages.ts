import type { CountedRecord } from '../../domain/billing-period.js'
import { compareBytewise } from '../../domain/bytewise.js'
import { internalRecordId, type DataRecorded } from '../../domain/data-record.js'
import type { RecordedEvent } from '../../domain/event.js'
import { formatTimestamp, parseTimestamp, sortable } from '../../domain/timestamp.js'
import { allRows, type Pages } from '../../read-store/all-rows.js'
import type { CollectionSpec, Row } from '../../read-store/port.js'
import type { HeldDocument } from '../running/kept-documents.js'

/**
 * Data records are kept in pages: one document for so many records in the stream of a subscriber and a calendar month
 * (UTC). A document for each record would cost as much to write as everything else together; see
 * docs/decisions/0003-record-pages.md.
 */
export const recordPages = 'record-pages'

export const recordPageSpec: CollectionSpec = {
  indexes: { subscriber: ['msisdn', 'month'], unmatched: ['unmatched', 'month'] },
}

/** With ids of 36 characters a full page is about 2 KB, which is what one leaf of the embedded engine holds well. */
const recordsAPage = 24
const pagesAQuery = 200

export interface RecordPage {
  readonly msisdn: string
  /** `yyyy-MM`, UTC. */
  readonly month: string
  readonly records: StoredRecord[]
  /** The msisdn once more, only while the page has records that no agreement covers. */
  unmatched?: string | undefined
}

/** Event time (ISO 8601, UTC), external id, bytes. */
type StoredRecord = readonly [recordedAt: string, externalRecordId: string, recordedBytes: number]

/**
 * `<number>/<msisdn>/<yyyy-MM>`, numbered along the stream. The pages that everybody's records go to at one time stand
 * close together, which is how a tree is written fastest.
 */
export function recordPageId({
  data,
  revision,
}: Pick<RecordedEvent<DataRecorded>, 'data' | 'revision'>): string {
  const number = String(pageNumber(revision)).padStart(10, '0')
  return `${number}/${data.msisdn}/${monthOfText(data.recordedAt)}`
}

/** @param revision of the record in its subscriber's stream */
export function pageNumber(revision: number): number {
  return Math.floor(revision / recordsAPage)
}

/** Adds a record to its page. */
export function addToPage(held: HeldDocument, { data }: RecordedEvent<DataRecorded>, matched: boolean): void {
  const page = (held.document as RecordPage | undefined) ?? emptyPage(data)
  page.records.push([data.recordedAt, data.externalRecordId, data.recordedBytes])
  if (!matched) page.unmatched = data.msisdn
  held.change(page)
}

function emptyPage({ msisdn, recordedAt }: DataRecorded['data']): RecordPage {
  return { msisdn, month: monthOfText(recordedAt), records: [] }
}

/** A record of a subscriber as it is read from a page. */
export type PagedRecord = CountedRecord & { readonly msisdn: string }

/** The records of a stored page, in the order they came in. */
export function recordsOf({ text }: Row): PagedRecord[] {
  const { msisdn, records } = JSON.parse(text) as RecordPage
  return records.map(([recordedAt, externalRecordId, recordedBytes]) => ({
    internalRecordId: internalRecordId(msisdn, externalRecordId),
    externalRecordId,
    msisdn,
    recordedAt,
    recordedBytes,
  }))
}

/** The pages that may hold records of a subscriber in a half-open span of event time (epoch milliseconds), by month. */
export function pagesBetween(
  pages: Pages,
  msisdn: string,
  from: number,
  to: number,
  reverse = false,
): AsyncIterable<Row> {
  const last = to === Infinity ? '' : monthOf(to - 1)
  const range = { index: 'subscriber', equals: [msisdn], from: monthOf(from), to: `${last}~`, reverse }
  return allRows(pages, recordPages, { ...range, limit: pagesAQuery })
}

/** The records of a subscriber in a half-open span of event time, in no particular order. */
export async function recordsBetween(
  pages: Pages,
  msisdn: string,
  from: number,
  to: number,
): Promise<PagedRecord[]> {
  const records: PagedRecord[] = []
  for await (const row of pagesBetween(pages, msisdn, from, to)) {
    for (const record of recordsOf(row)) if (isBetween(record, from, to)) records.push(record)
  }
  return records
}

/** The latest record of a subscriber in a half-open span of event time, ties broken by external id. */
export async function latestBetween(
  pages: Pages,
  msisdn: string,
  from: number,
  to: number,
): Promise<PagedRecord | undefined> {
  let latest: PagedRecord | undefined
  for await (const row of pagesBetween(pages, msisdn, from, to, true)) {
    // Pages of earlier months cannot hold a later record.
    if (latest && !row.id.endsWith(monthOfText(latest.recordedAt))) break
    for (const record of recordsOf(row)) {
      if (isBetween(record, from, to) && (!latest || byTime(record, latest) > 0)) latest = record
    }
  }
  return latest
}

/** The order of records: event time, then external id, bytewise. */
export function byTime(a: CountedRecord, b: CountedRecord): number {
  if (a.recordedAt === b.recordedAt) return compareBytewise(a.externalRecordId, b.externalRecordId)
  return sortable(a.recordedAt) < sortable(b.recordedAt) ? -1 : 1
}

function isBetween({ recordedAt }: CountedRecord, from: number, to: number): boolean {
  const instant = parseTimestamp(recordedAt)
  return instant >= from && instant < to
}

function monthOfText(recordedAt: string): string {
  return recordedAt.slice(0, 7)
}

function monthOf(instant: number): string {
  return formatTimestamp(instant).slice(0, 7)
}
