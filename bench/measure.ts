import { execFileSync } from 'node:child_process'
import type { Comparison, Setting } from './benchmark.js'

/** One turn of one side: prepares, measures, clears up. Answers how many units a second it did while measuring. */
export type Turn = () => Promise<number>

/**
 * Lets all sides take turns, so that whatever else the machine does meets each of them. Every side has the same
 * number of turns; answers what each turn of each side gave.
 */
export async function takeTurns<Side extends string>(
  sides: Readonly<Record<Side, Turn>>,
  { rounds, progress }: Setting,
): Promise<Record<Side, number[]>> {
  const names = Object.keys(sides) as Side[]
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Side, number[]>
  for (let round = 1; round <= rounds; round++) {
    for (const name of names) {
      settleMachine()
      const rate = await sides[name]()
      results[name].push(rate)
      progress(`round ${round} of ${rounds}: ${name} ${Math.round(rate)}/s`)
    }
  }
  return results
}

/** How many units a second `work` does. It may be synchronous. */
export async function rateOf(units: number, work: () => Promise<void> | void): Promise<number> {
  const start = performance.now()
  await work()
  return (units * 1000) / (performance.now() - start)
}

/** The same over several runs of `work`, some seconds long: a short burst shows the machine's luck, not its rate. */
export async function sustainedRateOf(units: number, work: () => Promise<void> | void): Promise<number> {
  const start = performance.now()
  let runs = 0
  do {
    await work()
    runs++
  } while (performance.now() - start < sustainedFor)
  return (runs * units * 1000) / (performance.now() - start)
}

/** Best round against best round. */
export function compare(
  rounds: Comparison['rounds'],
  { name, unit, required, detail }: Pick<Comparison, 'name' | 'unit' | 'required' | 'detail'>,
): Comparison {
  const [ours, peer] = [Math.max(...rounds.ours), Math.max(...rounds.peer)]
  const ratio = ours / peer
  const verdict = required === undefined ? {} : { required, passed: ratio >= required }
  return { type: 'comparison', name, unit, ours, peer, ratio, ...verdict, rounds, detail }
}

/** Milliseconds. */
const sustainedFor = 2_000

/** Nobody starts with the garbage of the side before, nor with its pages still on their way to the disk. */
function settleMachine(): void {
  globalThis.gc?.()
  try {
    execFileSync('sync', { stdio: 'ignore' })
  } catch {
    // No such command on this system: then the turns are a little less even.
  }
}
