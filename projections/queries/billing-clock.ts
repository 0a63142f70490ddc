import { currentBillingMonth, type BillingClock } from '../../domain/billing-clock.js'
import { billingClockId, billingClocks } from '../billing/clock-document.js'
import { DocumentBatch } from './document-batch.js'
import type { ReadModels } from './live.js'

/** The month (`yyyy-MM`) that the billing clock stands in, for one projection; undefined before anything was billed. */
export function billingMonths(
  readStore: ReadModels,
  projection: string,
): { current(): Promise<string | undefined> } {
  const clocks = new DocumentBatch(readStore, projection, billingClocks)
  return {
    current: async () => {
      const row = await clocks.get(billingClockId)
      return row && currentBillingMonth(JSON.parse(row.text) as BillingClock)?.key
    },
  }
}
