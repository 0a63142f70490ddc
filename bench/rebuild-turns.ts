import type { System } from '../cli/compose.js'
import type { Projection } from '../projections/projection.js'
import { rebuild, type Rebuilt } from '../projections/running/rebuild.js'
import type { Comparison, Setting } from './benchmark.js'
import { compare, rateOf, sustainedRateOf, takeTurns } from './measure.js'
import { lineOf, pagesOf } from './read-log.js'

/** The machine for which targets in events a second are meant parses so many of them. */
const referenceParsing = 450_000

/** What is built again, and what it is measured against. */
export interface RebuildTurns {
  /** Of the benchmark. */
  readonly name: string
  readonly projection: Projection
  readonly system: System
  readonly required: number
  /** Events a second, on a machine that parses {@link referenceParsing}. */
  readonly target: number
  readonly sample: string
}

/**
 * A rebuild, checked, against `JSON.parse` of all events that it reads and nothing else; and what that comes to
 * elsewhere.
 */
export async function compareRebuild(turns: RebuildTurns, setting: Setting): Promise<Comparison> {
  const { name, projection, system, required, target, sample } = turns
  const { eventStore, readStore } = system
  const lines: string[] = []
  // The others were derived from these, and are only compared.
  let folded = 0
  for await (const page of pagesOf(eventStore, projection.categories)) {
    lines.push(...page.map(lineOf))
    folded += page.filter(({ type }) => type in projection.handlers).length
  }
  const rounds = await takeTurns(
    {
      peer: () => sustainedRateOf(lines.length, () => parseAll(lines)),
      ours: async () => {
        let rebuilt: Rebuilt | undefined
        const rate = await rateOf(lines.length, async () => {
          rebuilt = await rebuild(projection, { eventStore, readStore })
        })
        if (rebuilt?.events !== folded || rebuilt.derivedDifferences.length > 0) {
          throw new Error(`the rebuild went wrong: ${JSON.stringify(rebuilt)}`)
        }
        return rate
      },
    },
    setting,
  )
  const found = compare(rounds, { name, unit: 'events', required, detail: sample })
  const scaled = Math.round(found.ratio * referenceParsing)
  const read = `${lines.length} events are read, ${lines.length - folded} of them only to be compared`
  const elsewhere = `where JSON.parse runs at ${referenceParsing}/s: ${scaled}/s of ${target}/s`
  const less = Math.round((scaled * folded) / lines.length)
  return { ...found, detail: `${sample}: ${read}; ${elsewhere}, ${less}/s of those that are folded` }
}

function parseAll(lines: readonly string[]): void {
  let revisions = 0
  for (const line of lines) revisions += (JSON.parse(line) as { revision: number }).revision
  if (revisions === 0) throw new Error('nothing was parsed')
}
