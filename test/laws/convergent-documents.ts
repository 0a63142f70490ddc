import type { BillingPeriod } from '../../domain/billing-period.js'
import { byTime, recordPages, recordsOf } from '../../projections/data-plans/record-pages.js'
import type { Build } from '../../read-store/port.js'
import { textsOf, unmatchedIn } from '../projections/tidemark.js'

/**
 * Everything in the read model of data plans that docs/semantics.md does not mark as history, as text: the billing
 * periods to the byte without `lateRecords`, `revision` and `notified`; the agreements, subscribers and the clock; the
 * records without the pages that they happen to lie in.
 */
export async function convergentDocuments(build: Build): Promise<Record<string, Record<string, string>>> {
  return {
    agreements: await textsOf(build, 'agreements'),
    periods: without(await textsOf(build, 'billing-periods'), ['lateRecords', 'revision', 'notified']),
    subscribers: without(await textsOf(build, 'subscribers'), ['emptied']),
    clocks: await textsOf(build, 'clocks'),
    records: await recordTexts(build),
    unmatched: { all: JSON.stringify(await unmatchedIn(build)) },
  }
}

export async function periodsOf(build: Build): Promise<Map<string, BillingPeriod>> {
  const texts = Object.entries(await textsOf(build, 'billing-periods'))
  return new Map(texts.map(([id, text]) => [id, JSON.parse(text) as BillingPeriod]))
}

function without(texts: Record<string, string>, history: readonly string[]): Record<string, string> {
  const entries = Object.entries(texts).map(([id, text]): [string, string] => {
    const document = JSON.parse(text) as Record<string, unknown>
    for (const field of history) delete document[field]
    return [id, JSON.stringify(document)]
  })
  return Object.fromEntries(entries)
}

async function recordTexts(build: Build): Promise<Record<string, string>> {
  const rows = Object.entries(await textsOf(build, recordPages)).map(([id, text]) => ({ id, text }))
  const records = rows.flatMap(recordsOf).sort(byTime)
  return Object.fromEntries(records.map((record) => [record.internalRecordId, JSON.stringify(record)]))
}
