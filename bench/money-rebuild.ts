import { join } from 'node:path'
import { categoryOf } from '../domain/event.js'
import { moneyEnriched } from '../projections/money-enriched.js'
import { rebuild, type Rebuilt } from '../projections/rebuild.js'
import type { Benchmark } from './benchmark.js'
import { compare, rateOf, sustainedRateOf, takeTurns } from './measure.js'
import { describedMoney, fillMoneySystem } from './money-sample.js'
import { lineOf, pagesOf } from './read-log.js'
import { openSampleSystem } from './sample-system.js'

/** The machine for which {@link absoluteTarget} is meant parses so many events a second. */
const referenceParsing = 450_000
const absoluteTarget = 60_000
const categories = ['money', 'user', 'session']

/** Enriched money built again from the log, beside the live documents, and switched to. */
export const rebuildMoney: Benchmark = {
  name: 'money-rebuild',
  measures: 'a rebuild of enriched money, against JSON.parse of such events and nothing else',
  run: async (setting) => {
    const size = { users: 1_000, events: setting.quick ? 30_000 : 150_000 }
    const data = join(setting.folder, 'ours')
    const facts = await fillMoneySystem(data, size)
    const system = await openSampleSystem(data)
    const { eventStore, readStore } = system
    const lines: string[] = []
    let published = 0
    for await (const page of pagesOf(eventStore)) {
      lines.push(...page.filter(({ stream }) => categories.includes(categoryOf(stream))).map(lineOf))
      published += page.filter(({ type }) => type === 'MoneyEnriched').length
    }
    const rounds = await takeTurns(
      {
        peer: () => sustainedRateOf(lines.length, () => parseAll(lines)),
        ours: async () => {
          let rebuilt: Rebuilt | undefined
          const rate = await rateOf(facts, async () => {
            rebuilt = await rebuild(moneyEnriched, { eventStore, readStore })
          })
          if (rebuilt?.events !== facts || rebuilt.derivedDifferences.length > 0) {
            throw new Error(`the rebuild went wrong: ${JSON.stringify(rebuilt)}`)
          }
          return rate
        },
      },
      setting,
    )
    await system.close()
    const detail = describedMoney(size, facts)
    const found = compare(rounds, { name: 'money-rebuild', unit: 'events', required: 0.133, detail })
    const scaled = Math.round(found.ratio * referenceParsing)
    const all = Math.round((scaled * (facts + published)) / facts)
    return [
      {
        ...found,
        detail:
          `${detail}; where JSON.parse runs at ${referenceParsing}/s: ${scaled}/s of ${absoluteTarget}/s, ` +
          `and ${all}/s with the ${published} events that were published, which a rebuild reads and compares too`,
      },
    ]
  },
}

function parseAll(lines: readonly string[]): void {
  let revisions = 0
  for (const line of lines) revisions += (JSON.parse(line) as { revision: number }).revision
  if (revisions === 0) throw new Error('nothing was parsed')
}
