import { join } from 'node:path'
import { catchUp } from '../cli/caught-up.js'
import { filesIn } from '../cli/files-to-import.js'
import { importAll } from '../cli/import.js'
import { generateBilling } from '../cli/samples/billing.js'
import { contextOf, openSampleSystem } from './sample-system.js'

/** Sample data of live billing, as files. */
export interface BillingFiles {
  readonly folder: string
  readonly customers: number
  readonly months: number
  /** How many billable events are in it. */
  readonly records: number
}

/** A tenth of it out of order, and two in a hundred too late for their invoice. */
export async function writeBillingSample(
  folder: string,
  size: Omit<BillingFiles, 'folder'>,
): Promise<BillingFiles> {
  const { customers, months, records } = size
  const shares = { disorder: 0.1, late: 0.02, duplicates: 0 }
  await generateBilling({ customers, months, events: records, seed: 1, ...shares, out: folder })
  return { ...size, folder }
}

/** What a benchmark says of its sample. */
export function describedBilling({ customers, months, records }: BillingFiles): string {
  return `${records} billable events (${customers} customers, ${months} months)`
}

/** A data folder with a sample in it: durable, folded, invoices in the log, and closed again. */
export async function fillBillingSystem(data: string, sample: BillingFiles): Promise<void> {
  const system = await openSampleSystem(data)
  await system.project()
  const files = await filesIn([join(sample.folder, 'billable-events')], contextOf(sample.folder))
  const { appended } = await importAll(system, 'billable-events', files)
  await catchUp(system)
  await system.close()
  if (appended !== sample.records) throw new Error(`imported ${appended} billable events`)
}
