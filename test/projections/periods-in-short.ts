import type { BillingPeriod } from '../../domain/billing-period.js'
import type { Tidemark } from './tidemark.js'

/** The periods of a log in short: `a/2020-01 3 records 30 bytes, latest r3`. */
export async function periods(tidemark: Tidemark): Promise<string[]> {
  const documents = await tidemark.documents<BillingPeriod>('billing-periods')
  return Object.entries(documents).map(
    ([id, { recordCount, totalRecordedBytes, latestExternalRecordId }]) =>
      `${id} ${recordCount} records ${totalRecordedBytes} bytes, latest ${latestExternalRecordId}`,
  )
}
