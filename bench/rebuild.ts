import { join } from 'node:path'
import { dataPlans } from '../projections/data-plans/data-plans.js'
import type { Benchmark } from './benchmark.js'
import { compareRebuild } from './rebuild-turns.js'
import { described, fillSampleSystem, openSampleSystem, writeSample } from './sample-system.js'

/** The data-plan read models built again from the log, beside the live ones, and switched to. */
export const rebuildReadModels: Benchmark = {
  name: 'rebuild',
  measures: 'a rebuild of the data-plan read models, against JSON.parse of such events and nothing else',
  run: async (setting) => {
    const size = { subscribers: setting.quick ? 200 : 1_000, months: 7 }
    const sample = await writeSample(join(setting.folder, 'sample'), size)
    const data = join(setting.folder, 'ours')
    await fillSampleSystem(data, sample)
    const system = await openSampleSystem(data)
    const turns = {
      name: 'rebuild',
      projection: dataPlans,
      system,
      required: 0.22,
      target: 100_000,
      sample: described(sample),
    }
    const found = await compareRebuild(turns, setting)
    await system.close()
    return [found]
  },
}
