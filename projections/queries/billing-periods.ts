import { dataPlans } from '../data-plans/data-plans.js'
import { DocumentBatch } from './document-batch.js'
import { readLive, type ReadModels, type Row } from './live.js'
import { partOf, type Page, type PageRequest } from './page.js'

const collection = 'billing-periods'

/** Billing periods as stored, by agreement and month (`yyyy-MM`). */
export function billingPeriodsOf(readStore: ReadModels): {
  get(agreementId: string, month: string): Promise<Row | undefined>
} {
  const documents = new DocumentBatch(readStore, dataPlans.name, collection)
  return { get: (agreementId, month) => documents.get(`${agreementId}/${month}`) }
}

/** The billing periods of an agreement as stored, in the order of months. */
export function listBillingPeriods(
  readStore: ReadModels,
  agreementId: string,
  request: PageRequest,
): Promise<Page<string>> {
  return readLive(readStore, dataPlans.name, async (build) => {
    // `0` comes right after `/`.
    const range = { from: `${agreementId}/`, to: `${agreementId}0` }
    const { rows, next } = await build.page(collection, { ...range, ...partOf(request) })
    return { items: rows.map(({ text }) => text), next }
  })
}
