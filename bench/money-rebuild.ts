import { join } from 'node:path'
import { categoryOf } from '../domain/event.js'
import { moneyEnriched } from '../projections/money/money-enriched.js'
import type { Benchmark } from './benchmark.js'
import { describedMoney, fillMoneySystem } from './money-sample.js'
import { lineOf, pagesOf } from './read-log.js'
import { compareRebuild, scaledToReference } from './rebuild-turns.js'
import { openSampleSystem } from './sample-system.js'

const categories = ['money', 'user', 'session', 'clock']

/** Enriched money built again from the log, beside the live documents, and switched to. */
export const rebuildMoney: Benchmark = {
  name: 'money-rebuild',
  measures: 'a rebuild of enriched money, against JSON.parse of such events and nothing else',
  run: async (setting) => {
    const size = { users: 1_000, events: setting.quick ? 30_000 : 150_000 }
    const data = join(setting.folder, 'ours')
    await fillMoneySystem(data, size)
    const system = await openSampleSystem(data)
    const lines: string[] = []
    let published = 0
    for await (const page of pagesOf(system.eventStore)) {
      lines.push(...page.filter(({ stream }) => categories.includes(categoryOf(stream))).map(lineOf))
      published += page.filter(({ type }) => type === 'MoneyEnriched').length
    }
    const facts = lines.length
    const turns = {
      name: 'money-rebuild',
      projection: moneyEnriched,
      system,
      lines,
      events: facts,
      required: 0.133,
      target: 60_000,
      sample: describedMoney(size, facts),
    }
    const found = await compareRebuild(turns, setting)
    await system.close()
    const all = Math.round((scaledToReference(found) * (facts + published)) / facts)
    const also = `and ${all}/s with the ${published} events that were published, which a rebuild reads and compares too`
    return [{ ...found, detail: `${found.detail}, ${also}` }]
  },
}
