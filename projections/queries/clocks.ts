import { dataPlans } from '../data-plans/data-plans.js'
import { clockId, type ClockDocument } from '../data-plans/documents.js'
import { readLive, type ReadModels } from './live.js'

/** What the data-record clock reads, in epoch milliseconds; null before the first record. */
export function dataRecordClock(readStore: ReadModels): Promise<number | null> {
  return readLive(readStore, dataPlans.name, async (build) => {
    const [row] = await build.getMany('clocks', [clockId])
    return row ? (JSON.parse(row.text) as ClockDocument).now : null
  })
}
