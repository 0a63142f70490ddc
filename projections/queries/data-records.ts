import type { CountedRecord } from '../../domain/billing-period.js'
import { coverageAt, coveragesOf } from '../../domain/coverage.js'
import { parseTimestamp } from '../../domain/timestamp.js'
import { allRows } from '../../read-store/all-rows.js'
import type { Build } from '../../read-store/port.js'
import type { Subscriber } from '../data-plans/documents.js'
import { dataPlans } from '../data-plans/data-plans.js'
import { recordPages, type RecordPage } from '../data-plans/record-pages.js'
import { cursorAt, placeOf } from './cursor.js'
import { byNewest, countedRecord, type StoredRecord } from './period-records.js'
import { readLive, type ReadStore } from './live.js'
import type { Page, PageRequest } from './page.js'

/** A data record that no agreement covers. */
export type UnmatchedRecord = CountedRecord & { readonly msisdn: string }

/** Where a record stands in the list. */
interface Place {
  readonly msisdn: string
  /** `yyyy-MM`, UTC. */
  readonly month: string
  readonly record: StoredRecord
}

const pagesAQuery = 50

/** The records that no agreement covers: by subscriber, then oldest first. Holds those of one month of one subscriber. */
export function listUnmatchedRecords(
  readStore: ReadStore,
  { limit, after }: PageRequest,
): Promise<Page<UnmatchedRecord>> {
  const last = after === undefined ? undefined : placeAt(after)
  return readLive(readStore, dataPlans.name, async (build) => {
    const items: UnmatchedRecord[] = []
    let end: Place | undefined
    for await (const place of unmatchedAfter(build, last)) {
      if (items.length === limit) return { items, next: end && cursorOf(end) }
      items.push({ ...countedRecord(place.msisdn, place.record), msisdn: place.msisdn })
      end = place
    }
    return { items }
  })
}

async function* unmatchedAfter(build: Build, last: Place | undefined): AsyncGenerator<Place, void, void> {
  for await (const { msisdn, month, records } of monthsWithUnmatched(build, last?.msisdn)) {
    const begun = msisdn === last?.msisdn ? last : undefined
    if (begun && month < begun.month) continue
    const coverages = coveragesOf(await agreementsOf(build, msisdn))
    const after = begun?.month === month ? begun.record : undefined
    const unmatched = records.filter(
      (record) =>
        !coverageAt(coverages, parseTimestamp(record[0])) && !(after && byNewest(record, after) >= 0),
    )
    for (const record of unmatched.sort(byNewest).reverse()) yield { msisdn, month, record }
  }
}

/**
 * The subscribers' months with the records of all pages that hold unmatched ones, from one subscriber on. How records lie
 * in pages is history.
 */
async function* monthsWithUnmatched(
  build: Build,
  from: string | undefined,
): AsyncGenerator<RecordPage, void, void> {
  const query = { index: 'unmatched', limit: pagesAQuery, ...(from === undefined ? {} : { from }) }
  let current: RecordPage | undefined
  for await (const { text } of allRows(build, recordPages, query)) {
    const page = JSON.parse(text) as RecordPage
    if (current && current.msisdn === page.msisdn && current.month === page.month)
      current.records.push(...page.records)
    else {
      if (current) yield current
      current = page
    }
  }
  if (current) yield current
}

async function agreementsOf(build: Build, msisdn: string) {
  const [row] = await build.getMany('subscribers', [msisdn])
  return row ? (JSON.parse(row.text) as Subscriber).agreements : []
}

function cursorOf({ msisdn, month, record: [recordedAt, externalRecordId] }: Place): string {
  return cursorAt([msisdn, month, recordedAt, externalRecordId])
}

function placeAt(cursor: string): Place {
  const [msisdn, month, recordedAt, externalRecordId] = placeOf(
    cursor,
    'string',
    'string',
    'string',
    'string',
  )
  return { msisdn, month, record: [recordedAt, externalRecordId, 0] }
}
