import { join } from 'node:path'
import { moneyEnriched } from '../projections/money/money-enriched.js'
import type { Benchmark } from './benchmark.js'
import { describedMoney, fillMoneySystem } from './money-sample.js'
import { compareRebuild } from './rebuild-turns.js'
import { openSampleSystem } from './sample-system.js'

/** Enriched money built again from the log, beside the live documents, and switched to. */
export const rebuildMoney: Benchmark = {
  name: 'money-rebuild',
  measures: 'a rebuild of enriched money, against JSON.parse of such events and nothing else',
  run: async (setting) => {
    const size = { users: 1_000, events: setting.quick ? 30_000 : 150_000 }
    const data = join(setting.folder, 'ours')
    const facts = await fillMoneySystem(data, size)
    const system = await openSampleSystem(data)
    const turns = {
      name: 'money-rebuild',
      projection: moneyEnriched,
      system,
      required: 0.133,
      target: 60_000,
      sample: describedMoney(size, facts),
    }
    const found = await compareRebuild(turns, setting)
    await system.close()
    return [found]
  },
}
