import type { System } from '../cli/compose.js'
import type { Projection } from '../projections/projection.js'
import { rebuild, type Rebuilt } from '../projections/running/rebuild.js'
import type { Comparison, Setting } from './benchmark.js'
import { compare, rateOf, sustainedRateOf, takeTurns } from './measure.js'

/** The machine for which targets in events a second are meant parses so many of them. */
export const referenceParsing = 450_000

/** What is built again, and what it is measured against. */
export interface RebuildTurns {
  /** Of the benchmark. */
  readonly name: string
  readonly projection: Projection
  readonly system: System
  /** The events as the log has them, which the peer parses. */
  readonly lines: readonly string[]
  /** How many of them the projection folds. */
  readonly events: number
  readonly required: number
  /** Events a second, on a machine that parses {@link referenceParsing}. */
  readonly target: number
  readonly sample: string
}

/** A rebuild, checked, against `JSON.parse` of its events and nothing else; and what that comes to elsewhere. */
export async function compareRebuild(turns: RebuildTurns, setting: Setting): Promise<Comparison> {
  const { name, projection, system, lines, events, required, target, sample } = turns
  const { eventStore, readStore } = system
  const rounds = await takeTurns(
    {
      peer: () => sustainedRateOf(lines.length, () => parseAll(lines)),
      ours: async () => {
        let rebuilt: Rebuilt | undefined
        const rate = await rateOf(events, async () => {
          rebuilt = await rebuild(projection, { eventStore, readStore })
        })
        if (rebuilt?.events !== events || rebuilt.derivedDifferences.length > 0) {
          throw new Error(`the rebuild went wrong: ${JSON.stringify(rebuilt)}`)
        }
        return rate
      },
    },
    setting,
  )
  const found = compare(rounds, { name, unit: 'events', required, detail: sample })
  const scaled = `${scaledToReference(found)}/s of ${target}/s`
  return { ...found, detail: `${sample}; where JSON.parse runs at ${referenceParsing}/s: ${scaled}` }
}

/** Events a second on the machine that targets are meant for. */
export function scaledToReference({ ratio }: Pick<Comparison, 'ratio'>): number {
  return Math.round(ratio * referenceParsing)
}

function parseAll(lines: readonly string[]): void {
  let revisions = 0
  for (const line of lines) revisions += (JSON.parse(line) as { revision: number }).revision
  if (revisions === 0) throw new Error('nothing was parsed')
}
