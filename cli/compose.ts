import type { EventStore } from '../event-store/port.js'
import type { ReadStore } from '../read-store/port.js'
import { setAllowedLateness } from '../commands/advance-clock.js'
import type { Config } from './config.js'
import { openEventStore, openReadStore } from './engines.js'
import { startProjector, type Projector, type ProjectorReport } from './projector.js'

/** How long another process is left alone before looking whether it still runs the projections, in milliseconds. */
const tryAgainAfter = 250

/** The parts of a running Tidemark, wired together. Nobody else knows which engines these are. */
export interface System {
  readonly eventStore: EventStore
  readonly readStore: ReadStore
  /**
   * Starts the projections here, unless another process runs them. Safe to call again: the other process may
   * have ended meanwhile. Answers whether they run here.
   */
  project(): Promise<boolean>
  close(): Promise<void>
}

export async function openSystem(config: Config, report: (report: ProjectorReport) => void): Promise<System> {
  const { engines } = config
  const { eventStore, bell } = await openEventStore(engines, report)
  let readStore: ReadStore
  try {
    readStore = await openReadStore(engines, report)
  } catch (error) {
    await eventStore.close()
    throw error
  }
  let projector: Projector | undefined
  let triedAt = -Infinity
  return {
    eventStore,
    readStore,
    project: async () => {
      if (!projector && performance.now() - triedAt > tryAgainAfter) {
        triedAt = performance.now()
        await setAllowedLateness(eventStore, config.allowedLateness)
        projector = startProjector(engines, eventStore, bell, report)
        await projector?.started
      }
      return projector !== undefined
    },
    close: async () => {
      await projector?.stop()
      await readStore.close()
      await eventStore.close()
    },
  }
}
