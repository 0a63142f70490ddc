import type { Agreement } from './agreement.js'
import { byPrecedence } from './coverage.js'

/** What decided that an agreement counts a record, and not another one (docs/semantics.md, Matching). */
export type MatchReason = 'only-agreement' | 'latest-service-start' | 'latest-signature' | 'greatest-id'

export interface Match {
  readonly reason: MatchReason
  /** The agreement that it goes before, if there is one. */
  readonly over?: Agreement
}

/**
 * Why a record of an instant belongs to an agreement.
 *
 * @param owner the one of `agreements` that counts it
 * @param agreements of one subscriber
 */
export function matchOf(owner: Agreement, agreements: readonly Agreement[], instant: number): Match {
  const over = ownerAt(
    agreements.filter(({ id }) => id !== owner.id),
    instant,
  )
  if (!over) return { reason: 'only-agreement' }
  if (over.serviceStartAt !== owner.serviceStartAt) return { reason: 'latest-service-start', over }
  return { reason: over.signedAt !== owner.signedAt ? 'latest-signature' : 'greatest-id', over }
}

/** The agreement that counts the records of an instant, if one does. */
export function ownerAt(agreements: readonly Agreement[], instant: number): Agreement | undefined {
  const started = agreements.filter(({ serviceStartAt }) => serviceStartAt <= instant)
  return started.sort(byPrecedence).at(-1)
}
