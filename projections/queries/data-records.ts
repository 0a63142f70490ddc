import type { CountedRecord } from '../../domain/billing-period.js'
import { coverageAt, coveragesOf } from '../../domain/coverage.js'
import { parseTimestamp } from '../../domain/timestamp.js'
import { monthOf } from '../../domain/time-zone.js'
import type { Subscriber } from '../data-plan-documents.js'
import { dataPlans } from '../data-plans.js'
import { byTime, recordPages, recordsBetween, recordsOf, type PagedRecord } from '../record-pages.js'
import type { AgreementDocument } from './agreements.js'
import { InvalidCursor, readLive, type ReadStore, type Row } from './live.js'
import type { Page, PageRequest } from './page.js'

/** A data record that no agreement covers. */
export type UnmatchedRecord = CountedRecord & { readonly msisdn: string }

type Build = Parameters<Parameters<typeof readLive>[2]>[0]

/**
 * The records that an agreement counts in a month, newest first: those of its subscriber that lie in the month and
 * in the time that the agreement covers. Costs a look at all records of that subscriber and month.
 *
 * @param monthKey `yyyy-MM`
 * @throws {InvalidCursor}
 */
export function listRecordsOfPeriod(
  readStore: ReadStore,
  agreement: AgreementDocument,
  monthKey: string,
  { limit, after }: PageRequest,
): Promise<Page<CountedRecord>> {
  return readLive(readStore, dataPlans.name, async (build) => {
    const { id, msisdn, billingPeriodTimeZone } = agreement
    const month = monthOf(billingPeriodTimeZone, monthKey)
    const coverage = coveragesOf(await agreementsOf(build, msisdn)).find(({ agreement }) => agreement.id === id)
    const from = Math.max(month?.start ?? Infinity, coverage?.from ?? Infinity)
    const to = Math.min(month?.end ?? -Infinity, coverage?.to ?? -Infinity)
    if (from >= to) return { items: [] }
    const records = (await recordsBetween(build, msisdn, from, to)).sort((a, b) => byTime(b, a))
    const start = after === undefined ? 0 : endOf(records, readCursor(after, 'period'))
    const items = records.slice(start, start + limit).map(counted)
    const last = items.at(-1)
    const more = start + limit < records.length && last
    return more ? { items, next: cursorOf('period', last.recordedAt, last.externalRecordId) } : { items }
  })
}

/**
 * The records that no agreement covers, by subscriber and month, newest first within what arrived together.
 *
 * @throws {InvalidCursor}
 */
export function listUnmatchedRecords(
  readStore: ReadStore,
  { limit, after }: PageRequest,
): Promise<Page<UnmatchedRecord>> {
  return readLive(readStore, dataPlans.name, async (build) => {
    const [begun, skip] = after === undefined ? [undefined, '0'] : readCursor(after, 'unmatched')
    const items: UnmatchedRecord[] = []
    let skipped = Number(skip)
    let next: string | undefined = begun === '' ? undefined : begun
    for (;;) {
      const query = { index: 'unmatched', limit: 1, ...(next === undefined ? {} : { after: next }) }
      const { rows, next: following } = await build.page(recordPages, query)
      const records = await unmatchedOf(build, rows)
      const room = limit - items.length
      items.push(...records.slice(skipped, skipped + room))
      if (skipped + room < records.length) return { items, next: cursorOf('unmatched', next ?? '', String(skipped + room)) }
      if (following === undefined) return { items }
      next = following
      skipped = 0
      if (items.length === limit) return { items, next: cursorOf('unmatched', next, '0') }
    }
  })
}

async function unmatchedOf(build: Build, rows: readonly Row[]): Promise<UnmatchedRecord[]> {
  const [row] = rows
  if (!row) return []
  const records = recordsOf(row)
  const coverages = coveragesOf(await agreementsOf(build, records[0]?.msisdn ?? ''))
  return records
    .filter(({ recordedAt }) => !coverageAt(coverages, parseTimestamp(recordedAt)))
    .sort((a, b) => byTime(b, a))
    .map((record) => ({ ...counted(record), msisdn: record.msisdn }))
}

async function agreementsOf(build: Build, msisdn: string): Promise<Subscriber['agreements']> {
  const [row] = await build.getMany('subscribers', [msisdn])
  return row ? (JSON.parse(row.text) as Subscriber).agreements : []
}

function counted({ internalRecordId, externalRecordId, recordedAt, recordedBytes }: PagedRecord): CountedRecord {
  return { internalRecordId, externalRecordId, recordedAt, recordedBytes }
}

/** How many records, newest first, stand before the place that a cursor marks, or at it. */
function endOf(records: readonly PagedRecord[], [recordedAt, externalRecordId]: readonly [string, string]): number {
  const mark = { internalRecordId: '', externalRecordId, recordedAt, recordedBytes: 0 }
  const end = records.findIndex((record) => record.externalRecordId !== externalRecordId && byTime(record, mark) < 0)
  return end < 0 ? records.length : end
}

/** A place in a list, opaque to whoever holds it. */
function cursorOf(list: string, first: string, second: string): string {
  return Buffer.from(JSON.stringify([list, first, second])).toString('base64url')
}

function readCursor(cursor: string, list: string): readonly [string, string] {
  try {
    const [name, first, second] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
    if (name === list && typeof first === 'string' && typeof second === 'string') return [first, second]
  } catch {
    // It is none of ours.
  }
  throw new InvalidCursor()
}
