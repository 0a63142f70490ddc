import { arch, availableParallelism, cpus, loadavg, platform } from 'node:os'
import { table } from '../cli/output.js'
import type { Comparison, Figure, Peak } from './benchmark.js'

/** Everything that one run found: what `--json` prints. */
export interface Report {
  readonly machine: Machine
  /** When it began, ISO 8601. */
  readonly at: string
  readonly quick: boolean
  /** Of the last minute, before and after: a busy machine gives other figures. */
  readonly load: { readonly before: number; readonly after: number }
  readonly figures: readonly Figure[]
  /** Benchmarks that came to no result. */
  readonly crashed: readonly string[]
}

interface Machine {
  readonly processor: string
  readonly cores: number
  readonly system: string
  readonly node: string
}

export function thisMachine(): Machine {
  const processor = cpus()[0]?.model ?? 'unknown'
  return {
    processor,
    cores: availableParallelism(),
    system: `${platform()} ${arch()}`,
    node: process.version,
  }
}

export function loadNow(): number {
  return loadavg()[0] ?? 0
}

/** The report for people. */
export function shownReport({ machine, quick, load, figures, crashed }: Report): string {
  const comparisons = figures.filter((figure) => figure.type === 'comparison')
  const peaks = figures.filter((figure) => figure.type === 'peak')
  return [
    `${machine.cores} × ${machine.processor}, ${machine.system}, Node ${machine.node}, load ${load.before.toFixed(1)} before and ${load.after.toFixed(1)} after` +
      (quick ? ', quick: small sizes, not to be quoted' : ''),
    ...(comparisons.length > 0 ? ['', table(comparisons.map(shownComparison))] : []),
    ...(peaks.length > 0 ? ['', table(peaks.map(shownPeak))] : []),
    '',
    ...figures.map(({ name, detail }) => `${name}: ${detail}`),
    ...crashed.map((name) => `${name}: CRASHED, see above`),
  ].join('\n')
}

function shownComparison({ name, unit, ours, peer, ratio, required, passed }: Comparison) {
  return {
    benchmark: name,
    unit,
    'ours/s': Math.round(ours),
    'peer/s': Math.round(peer),
    ratio: ratio.toFixed(2),
    required: required === undefined ? '-' : required.toFixed(2),
    verdict: verdict(passed),
  }
}

function shownPeak({ name, megabytes, limit, passed }: Peak) {
  return {
    benchmark: name,
    peak: `${Math.round(megabytes)} MB`,
    limit: `${limit} MB`,
    verdict: verdict(passed),
  }
}

function verdict(passed: boolean | undefined): string {
  return passed === undefined ? '-' : passed ? 'pass' : 'FAIL'
}
