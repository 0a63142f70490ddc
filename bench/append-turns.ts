import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { NewEvent } from '../domain/event.js'
import { openEmbeddedEventStore } from '../event-store/embedded/embedded.js'
import { rateOf, type Turn } from './measure.js'
import { GroupCommitFile } from './peers/group-commit-file.js'

/** Appends events and resolves when they are durable. */
export type Append = (events: readonly NewEvent[]) => Promise<unknown>

/**
 * Both sides of an append benchmark: the same events through the same callers into an empty log. Measured from the
 * first call to the last answer; opening and closing are not part of it.
 *
 * @param count how many events `appendAll` appends
 */
export function appendTurns(
  folder: string,
  count: number,
  appendAll: (append: Append) => Promise<void>,
): { peer: Turn; ours: Turn } {
  return {
    peer: async () => {
      const path = join(folder, 'peer.ndjson')
      const log = new GroupCommitFile(path)
      const rate = await rateOf(count, () => appendAll((events) => log.append(events)))
      log.close()
      rmSync(path)
      return rate
    },
    ours: async () => {
      const path = join(folder, 'ours')
      const log = openEmbeddedEventStore(path)
      const rate = await rateOf(count, () => appendAll((events) => log.append(events)))
      await log.close()
      rmSync(path, { recursive: true })
      return rate
    },
  }
}
