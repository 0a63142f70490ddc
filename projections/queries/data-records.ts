import type { CountedRecord } from '../../domain/billing-period.js'
import { coverageAt, coveragesOf } from '../../domain/coverage.js'
import { parseTimestamp } from '../../domain/timestamp.js'
import type { Build, Row } from '../../read-store/port.js'
import type { Subscriber } from '../data-plan-documents.js'
import { dataPlans } from '../data-plans.js'
import { recordPages, type RecordPage } from '../record-pages.js'
import { cursorAt, placeOf } from './cursor.js'
import { countedRecord } from './period-records.js'
import { readLive, type ReadStore } from './live.js'
import type { Page, PageRequest } from './page.js'

/** A data record that no agreement covers. */
export type UnmatchedRecord = CountedRecord & { readonly msisdn: string }

/** Where a record is kept. Pages only grow, so it stays there. */
interface Place {
  readonly pageId: string
  readonly index: number
}

const pagesAQuery = 50

/** The records that no agreement covers: by page number, subscriber, month (UTC), then in the order they came in. */
export function listUnmatchedRecords(
  readStore: ReadStore,
  { limit, after }: PageRequest,
): Promise<Page<UnmatchedRecord>> {
  const last = after === undefined ? undefined : placeAt(after)
  return readLive(readStore, dataPlans.name, async (build) => {
    const items: UnmatchedRecord[] = []
    let end: Place | undefined
    for await (const { place, record } of unmatchedAfter(build, last)) {
      if (items.length === limit) return { items, next: end && cursorAt([end.pageId, end.index]) }
      items.push(record)
      end = place
    }
    return { items }
  })
}

async function* unmatchedAfter(build: Build, last: Place | undefined) {
  for await (const { id, text } of unmatchedPages(build, last?.pageId)) {
    const { msisdn, records } = JSON.parse(text) as RecordPage
    const coverages = coveragesOf(await agreementsOf(build, msisdn))
    const start = id === last?.pageId ? last.index + 1 : 0
    for (let index = start; index < records.length; index++) {
      const stored = records[index]
      if (!stored || coverageAt(coverages, parseTimestamp(stored[0]))) continue
      yield { place: { pageId: id, index }, record: { ...countedRecord(msisdn, stored), msisdn } }
    }
  }
}

/** The pages that hold unmatched records, from one of them on. */
async function* unmatchedPages(build: Build, from: string | undefined): AsyncGenerator<Row, void, void> {
  const query = {
    index: 'unmatched',
    equals: [1],
    limit: pagesAQuery,
    ...(from === undefined ? {} : { from }),
  }
  let after: string | undefined
  do {
    const { rows, next } = await build.page(recordPages, after === undefined ? query : { ...query, after })
    yield* rows
    after = next
  } while (after !== undefined)
}

async function agreementsOf(build: Build, msisdn: string) {
  const [row] = await build.getMany('subscribers', [msisdn])
  return row ? (JSON.parse(row.text) as Subscriber).agreements : []
}

function placeAt(cursor: string): Place {
  const [pageId, index] = placeOf(cursor, 'string', 'number')
  return { pageId, index }
}
