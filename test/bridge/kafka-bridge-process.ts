import { startBridge, type BridgeOptions } from '../../bridge/kafka/bridge.js'
import { openEmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import type { EventStore } from '../../event-store/port.js'
import { decorated } from '../../event-store/decorated.js'

/** What the process is told, as JSON in its only argument. */
export interface BridgeProcessOptions extends Pick<
  BridgeOptions,
  'settings' | 'times' | 'recordsAPage' | 'patience'
> {
  readonly folder: string
  /** The process dies when it is about to say for the first time that it has published something. */
  readonly diesBeforeProgress?: boolean
}

/**
 * A bridge in a process of its own, to be killed. It prints its reports, a line each, and ends by itself when it is told
 * to by SIGTERM.
 */
const { folder, diesBeforeProgress, ...options } = JSON.parse(process.argv[2] ?? '{}') as BridgeProcessOptions
const eventStore = openEmbeddedEventStore(folder)
const bridge = startBridge({
  eventStore: diesBeforeProgress ? dyingBeforeProgress(eventStore) : eventStore,
  ...options,
  report: (report) => process.stdout.write(`${JSON.stringify(report)}\n`),
})
process.once('SIGTERM', () => void bridge.stop().then(() => eventStore.close()))
await bridge.ended

function dyingBeforeProgress(store: EventStore): EventStore {
  return decorated(store, {
    append: (events, expect) => {
      const published = events.some(
        ({ type, data }) => type === 'SinkProgressed' && (data as { published: number }).published > 0,
      )
      if (published) process.kill(process.pid, 'SIGKILL')
      return store.append(events, expect)
    },
  })
}
