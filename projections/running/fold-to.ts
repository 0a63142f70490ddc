import type { EventStore, LogPage } from '../../event-store/port.js'
import type { Fold } from './fold.js'
import { OtherLog } from './origin.js'

const eventsAPage = 1_000

export interface Folding {
  readonly eventStore: EventStore
  readonly signal?: AbortSignal
  /** How far it is, and how far it has to come, in positions. */
  readonly onProgress?: (position: number, target: number) => void
}

/** The rebuild was called off. The live build is as it was. */
export class RebuildStopped extends Error {
  readonly code = 'rebuild-stopped'
}

/**
 * Folds the log, for each fold up to a position of its own and not an event further. One reading serves them all.
 *
 * @throws {OtherLog} it ends before
 * @throws {RebuildStopped} `signal` aborted
 */
export async function foldTo(
  folds: readonly Fold[],
  targets: readonly number[],
  { eventStore, signal, onProgress }: Folding,
): Promise<void> {
  const target = Math.max(...targets)
  for (;;) {
    const behind = folds.filter(({ position }, i) => position < (targets[i] ?? 0))
    const [first] = behind
    if (!first) break
    if (signal?.aborted) throw new RebuildStopped(`the rebuild of ${first.projection.name} was stopped`)
    const { categories } = first.projection
    const after = Math.min(...behind.map(({ position }) => position))
    const page = await eventStore.readAll({ after, limit: eventsAPage, categories })
    if (page.position <= after) throw new OtherLog(first.projection.name)
    for (const fold of behind) await fold.apply(upTo(targets[folds.indexOf(fold)] ?? 0, page))
    onProgress?.(Math.min(page.position, target), target)
  }
  for (const fold of folds) await fold.settle()
}

/** As much of a page as lies up to a position. */
export function upTo(target: number, page: LogPage): LogPage {
  if (page.position <= target) return page
  return { events: page.events.filter(({ position }) => position <= target), position: target }
}
