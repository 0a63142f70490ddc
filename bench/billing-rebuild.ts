import { join } from 'node:path'
import { customerBilling } from '../projections/customer-billing.js'
import type { Projection } from '../projections/projection.js'
import { rebuild, type Rebuilt } from '../projections/rebuild.js'
import { typeBilling } from '../projections/type-billing.js'
import type { Benchmark, Comparison, Setting } from './benchmark.js'
import {
  describedBilling,
  fillBillingSystem,
  writeBillingSample,
  type BillingFiles,
} from './billing-sample.js'
import { compare, rateOf, sustainedRateOf, takeTurns } from './measure.js'
import { lineOf, pagesOf } from './read-log.js'
import { openSampleSystem } from './sample-system.js'
import type { System } from '../cli/compose.js'

/** The machine for which {@link absoluteTarget} is meant parses so many events a second. */
const referenceParsing = 450_000
const absoluteTarget = 120_000

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
    const lines: string[] = []
    for await (const page of pagesOf(system.eventStore)) {
      lines.push(...page.filter(({ stream }) => stream.startsWith('customer-')).map(lineOf))
    }
    const figures = [
      await compareRebuild(customerBilling, system, lines, sample, setting),
      await compareRebuild(typeBilling, system, lines, sample, setting),
    ]
    await system.close()
    return figures
  },
}

async function compareRebuild(
  projection: Projection,
  { eventStore, readStore }: System,
  lines: readonly string[],
  sample: BillingFiles,
  setting: Setting,
): Promise<Comparison> {
  const rounds = await takeTurns(
    {
      peer: () => sustainedRateOf(lines.length, () => parseAll(lines)),
      ours: async () => {
        let rebuilt: Rebuilt | undefined
        const rate = await rateOf(sample.records, async () => {
          rebuilt = await rebuild(projection, { eventStore, readStore })
        })
        if (rebuilt?.events !== sample.records || rebuilt.derivedDifferences.length > 0) {
          throw new Error(`the rebuild went wrong: ${JSON.stringify(rebuilt)}`)
        }
        return rate
      },
    },
    setting,
  )
  const found = compare(rounds, {
    name: projection.name,
    unit: 'events',
    required: 0.27,
    detail: describedBilling(sample),
  })
  const scaled = Math.round(found.ratio * referenceParsing)
  const detail = `${found.detail}; where JSON.parse runs at ${referenceParsing}/s: ${scaled}/s of ${absoluteTarget}/s`
  return { ...found, detail }
}

function parseAll(lines: readonly string[]): void {
  let revisions = 0
  for (const line of lines) revisions += (JSON.parse(line) as { revision: number }).revision
  if (revisions === 0) throw new Error('nothing was parsed')
}
