import type { Agreement } from './agreement.js'
import { compareBytewise } from './bytewise.js'

/** The time in which an agreement counts its subscriber's records: half-open, epoch milliseconds. */
export interface Coverage {
  readonly agreement: Agreement
  readonly from: number
  /** Infinity for the agreement that no other follows. */
  readonly to: number
}

/**
 * Who covers what, for the agreements of one subscriber, in order of time.
 *
 * A record belongs, among the agreements whose service has started by then, to the one that started last, then
 * to the one signed last, then to the one with the greatest id. So each agreement covers the time from its start
 * to the next one's, and of several that start together only the winner covers anything
 * (docs/semantics.md, Matching).
 */
export function coveragesOf(agreements: readonly Agreement[]): Coverage[] {
  const winners: Agreement[] = []
  for (const agreement of [...agreements].sort(byPrecedence)) {
    if (winners.at(-1)?.serviceStartAt === agreement.serviceStartAt) winners.pop()
    winners.push(agreement)
  }
  return winners.map((agreement, i) => ({
    agreement,
    from: agreement.serviceStartAt,
    to: winners[i + 1]?.serviceStartAt ?? Infinity,
  }))
}

/** The coverage that contains an instant, if any does. */
export function coverageAt(coverages: readonly Coverage[], instant: number): Coverage | undefined {
  for (let i = coverages.length - 1; i >= 0; i--) {
    const coverage = coverages[i]
    if (coverage && coverage.from <= instant) return coverage
  }
  return undefined
}

/** Later start, later signature, greater id (bytewise): the greater one wins. */
export function byPrecedence(a: Agreement, b: Agreement): number {
  return a.serviceStartAt - b.serviceStartAt || a.signedAt - b.signedAt || compareBytewise(a.id, b.id)
}
