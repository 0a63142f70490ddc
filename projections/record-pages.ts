import type { CountedRecord } from '../domain/billing-period.js'
import { compareBytewise } from '../domain/bytewise.js'
import { internalRecordId, type DataRecorded } from '../domain/data-record.js'
import type { RecordedEvent } from '../domain/event.js'
import { formatTimestamp, parseTimestamp, sortable } from '../domain/timestamp.js'
import type { Query, Row, RowPage } from '../read-store/port.js'
import type { Documents } from './projection.js'

/**
 * Data records are kept in pages: one document for each subscriber, calendar month (UTC) and stretch of the log. A
 * document for each record would cost as much to write as everything else together; see
 * docs/decisions/0003-record-pages.md.
 */
export const recordPages = 'record-pages'

/** So many positions of the log are a stretch: about as many as a unit of work, so that a page is written once. */
export const positionsAStretch = 16_384
const pagesAQuery = 200

export interface RecordPage {
  readonly records: StoredRecord[]
  /** Only while the page has records that no agreement covers. */
  unmatched?: 1 | undefined
}

/** Event time (ISO 8601, UTC), external id, bytes. */
type StoredRecord = readonly [recordedAt: string, externalRecordId: string, recordedBytes: number]

/** `<msisdn>/<yyyy-MM>/<stretch>`. */
export function recordPageId({
  data,
  position,
}: Pick<RecordedEvent<DataRecorded>, 'data' | 'position'>): string {
  const stretch = Math.floor(position / positionsAStretch)
  return `${data.msisdn}/${data.recordedAt.slice(0, 7)}/${stretchNames.of(stretch)}`
}

/** Adds a record to its page, which must be loaded. */
export function addToPage(event: RecordedEvent<DataRecorded>, matched: boolean, documents: Documents): void {
  const { recordedAt, externalRecordId, recordedBytes } = event.data
  const id = recordPageId(event)
  const page = documents.get<RecordPage>(recordPages, id) ?? { records: [] }
  page.records.push([recordedAt, externalRecordId, recordedBytes])
  if (!matched) page.unmatched = 1
  documents.put(recordPages, id, page)
}

/** A record of a subscriber as it is read from a page. */
export type PagedRecord = CountedRecord & { readonly msisdn: string }

/** The records of a stored page, in the order they came in. */
export function recordsOf({ id, text }: Row): PagedRecord[] {
  const msisdn = id.slice(0, id.indexOf('/'))
  const { records } = JSON.parse(text) as RecordPage
  return records.map(([recordedAt, externalRecordId, recordedBytes]) => ({
    internalRecordId: internalRecordId(msisdn, externalRecordId),
    externalRecordId,
    msisdn,
    recordedAt,
    recordedBytes,
  }))
}

/** Whoever can be asked for a page of documents. */
interface Pages {
  page(collection: string, query: Query): Promise<Pick<RowPage, 'rows' | 'next'>>
}

/** The pages that may hold records of a subscriber in a half-open span of event time (epoch milliseconds). */
export async function* pagesBetween(
  pages: Pages,
  msisdn: string,
  from: number,
  to: number,
  reverse = false,
): AsyncGenerator<Row, void, void> {
  const last = to === Infinity ? '~' : monthOf(to - 1)
  const range = { from: `${msisdn}/${monthOf(from)}/`, to: `${msisdn}/${last}/~`, reverse }
  let after: string | undefined
  do {
    const query = { ...range, limit: pagesAQuery, ...(after === undefined ? {} : { after }) }
    const { rows, next } = await pages.page(recordPages, query)
    yield* rows
    after = next
  } while (after !== undefined)
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
    if (latest && !row.id.startsWith(`${msisdn}/${latest.recordedAt.slice(0, 7)}/`)) break
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

function monthOf(instant: number): string {
  return formatTimestamp(instant).slice(0, 7)
}

/** The name of a stretch, padded so that it sorts; there are few at a time. */
const stretchNames = {
  known: -1,
  name: '',
  of(stretch: number): string {
    if (stretch !== this.known) {
      this.known = stretch
      this.name = String(stretch).padStart(12, '0')
    }
    return this.name
  },
}
