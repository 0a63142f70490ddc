import { openEmbeddedEventStore } from '../event-store/embedded/embedded.js'
import type { EventStore } from '../event-store/port.js'
import { upcasting } from '../event-store/upcasting.js'
import { openEmbeddedReadStore } from '../read-store/embedded/embedded.js'
import type { ReadStore } from '../read-store/port.js'

/** Where events and read models live. Plain data: it goes to threads as it is. */
export interface EngineSettings {
  /** The folder of the embedded engine, absolute. */
  readonly data: string
  /** `esdb://…`: events live in EventStoreDB instead. */
  readonly eventStoreDbUrl?: string
  /** `mongodb://…`: read models live in MongoDB instead. */
  readonly mongoDbUrl?: string
  /** Tells deployments on the same servers apart. */
  readonly namespace?: string
  /** Into how many partitions the work of a new read model is cut. */
  readonly partitions: number
}

/** What the engines have to say while they wait for a server. */
export interface EngineTrouble {
  readonly type: 'trouble'
  readonly error: string
  readonly retryInMilliseconds: number
}

export type EngineReport =
  | EngineTrouble
  /** Something is not as it should be, though everything works. */
  | { readonly type: 'warning'; readonly warning: string }

export interface OpenedEventStore {
  readonly eventStore: EventStore
  /** How other threads of this process hear of appends; only the embedded engine has one, and one thread that appends. */
  readonly bell: SharedArrayBuffer | undefined
}

/** The log, whichever engine keeps it: its events are of the current versions for everybody who reads it. */
export async function openEventStore(
  engines: EngineSettings,
  report: (trouble: EngineTrouble) => void,
  bell?: SharedArrayBuffer,
): Promise<OpenedEventStore> {
  const opened = await openLog(engines, report, bell)
  return { eventStore: upcasting(opened.eventStore), bell: opened.bell }
}

/** The engines of servers are loaded by need: they take longer to load than a command to run. */
async function openLog(
  { data, eventStoreDbUrl, namespace }: EngineSettings,
  report: (trouble: EngineTrouble) => void,
  bell: SharedArrayBuffer | undefined,
): Promise<OpenedEventStore> {
  if (eventStoreDbUrl === undefined) {
    const embedded = openEmbeddedEventStore(data, bell && { bell })
    return { eventStore: embedded, bell: embedded.bell.memory }
  }
  const { openEventStoreDb } = await import('../event-store/eventstoredb/eventstoredb.js')
  const eventStore = await openEventStoreDb({
    url: eventStoreDbUrl,
    ...(namespace !== undefined && { namespace }),
    report: ({ error, retryInMilliseconds }) => {
      report({ type: 'trouble', error: error.message, retryInMilliseconds })
    },
  })
  return { eventStore, bell: undefined }
}

export async function openReadStore(
  { data, mongoDbUrl, namespace }: EngineSettings,
  report: (report: EngineReport) => void,
): Promise<ReadStore> {
  if (mongoDbUrl === undefined) return openEmbeddedReadStore(data)
  const { openMongoDbReadStore } = await import('../read-store/mongodb/mongodb.js')
  return openMongoDbReadStore({
    url: mongoDbUrl,
    ...(namespace !== undefined && { namespace }),
    report: (told) => {
      if (told.type === 'waiting')
        report({ type: 'trouble', error: told.reason, retryInMilliseconds: told.retryInMilliseconds })
      if (told.type === 'clock-skew') report({ type: 'warning', warning: told.reason })
    },
  })
}
