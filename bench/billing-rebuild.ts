import { join } from 'node:path'
import { customerBilling } from '../projections/billing/customer-billing.js'
import { typeBilling } from '../projections/billing/type-billing.js'
import type { Benchmark, Comparison } from './benchmark.js'
import { describedBilling, fillBillingSystem, writeBillingSample } from './billing-sample.js'
import { compareRebuild } from './rebuild-turns.js'
import { openSampleSystem } from './sample-system.js'

/** The billing read models built again from the log, beside the live ones, and switched to. */
export const rebuildBilling: Benchmark = {
  name: 'billing-rebuild',
  measures: 'a rebuild of the billing read models, against JSON.parse of such events and nothing else',
  run: async (setting) => {
    const records = setting.quick ? 60_000 : 300_000
    const sample = await writeBillingSample(join(setting.folder, 'sample'), {
      customers: 1_000,
      months: 6,
      records,
    })
    const data = join(setting.folder, 'ours')
    await fillBillingSystem(data, sample)
    const system = await openSampleSystem(data)
    const figures: Comparison[] = []
    for (const projection of [customerBilling, typeBilling]) {
      const turns = {
        name: projection.name,
        projection,
        system,
        required: 0.27,
        target: 120_000,
        sample: describedBilling(sample),
      }
      figures.push(await compareRebuild(turns, setting))
    }
    await system.close()
    return figures
  },
}
