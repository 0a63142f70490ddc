import { join } from 'node:path'
import { dataPlans } from '../projections/data-plans.js'
import { rebuild, type Rebuilt } from '../projections/rebuild.js'
import type { Benchmark } from './benchmark.js'
import { compare, rateOf, sustainedRateOf, takeTurns } from './measure.js'
import { lineOf, pagesOf } from './read-log.js'
import { described, fillSampleSystem, openSampleSystem, writeSample } from './sample-system.js'

/** The machine for which {@link absoluteTarget} is meant parses so many events a second. */
const referenceParsing = 450_000
const absoluteTarget = 100_000

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
    const { eventStore, readStore } = system
    const lines: string[] = []
    for await (const page of pagesOf(eventStore)) lines.push(...page.map(lineOf))
    const events = sample.records + sample.subscribers
    const rounds = await takeTurns(
      {
        peer: () => sustainedRateOf(lines.length, () => parseAll(lines)),
        ours: async () => {
          let rebuilt: Rebuilt | undefined
          const rate = await rateOf(events, async () => {
            rebuilt = await rebuild(dataPlans, { eventStore, readStore })
          })
          if (rebuilt?.events !== events || rebuilt.derivedDifferences.length > 0) {
            throw new Error(`the rebuild went wrong: ${JSON.stringify(rebuilt)}`)
          }
          return rate
        },
      },
      setting,
    )
    await system.close()
    const found = compare(rounds, {
      name: 'rebuild',
      unit: 'events',
      required: 0.22,
      detail: described(sample),
    })
    const scaled = Math.round(found.ratio * referenceParsing)
    const detail = `${found.detail}; where JSON.parse runs at ${referenceParsing}/s: ${scaled}/s of ${absoluteTarget}/s`
    return [{ ...found, detail }]
  },
}

function parseAll(lines: readonly string[]): void {
  let revisions = 0
  for (const line of lines) revisions += (JSON.parse(line) as { revision: number }).revision
  if (revisions === 0) throw new Error('nothing was parsed')
}
