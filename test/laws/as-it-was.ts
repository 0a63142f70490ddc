import type { EventStore } from '../../event-store/port.js'
import { asOf, type Past } from '../../projections/past/as-of.js'
import { DerivedCheck } from '../../projections/running/derived-check.js'
import { Fold } from '../../projections/running/fold.js'
import type { Projection } from '../../projections/projection.js'
import { createBuild } from '../../projections/running/builds.js'
import type { Build, ReadStore } from '../../read-store/port.js'
import { textsOf, wholeLog } from '../projections/tidemark.js'

export interface AsItWasOptions {
  readonly eventStore: EventStore
  readonly readStore: ReadStore
  readonly projection: Projection
  /** The documents that have a past, as text, by whatever tells them apart. */
  readonly read: (build: Build) => Promise<Map<string, string>>
  /** All pasts that there are, and for each the document that is asked for; undefined: all that it has. */
  readonly pasts: readonly (readonly [past: Past, id?: string])[]
}

const { signal } = new AbortController()
let lives = 0

/**
 * Lets the live documents grow event by event, and asks for all of them as of each position: they must be what is live
 * then, byte for byte. Answers how many positions there were.
 */
export async function foldsAsItWas(options: AsItWasOptions): Promise<number> {
  const { eventStore, readStore, read, pasts } = options
  const log = await wholeLog(eventStore)
  const projection = { ...options.projection, name: `again-${lives++}` }
  const build = await createBuild(projection, readStore)
  const fold = await Fold.open(projection, build, new DerivedCheck(eventStore))
  for (const event of log) {
    await fold.apply({ events: [event], position: event.position })
    await fold.settle()
    const documents = await read(build)
    const found = new Set<string>()
    for (const [past, asked] of pasts) {
      const models = await asOf(past, event.position, { eventStore, signal })
      const own = await read((await models.live(past.projection.name))!)
      for (const [id, text] of own) {
        if (asked !== undefined && id !== asked) continue
        if (documents.get(id) !== text)
          throw new Error(`${id} as of ${event.position}: found ${text}, expected ${documents.get(id)}`)
        found.add(id)
      }
    }
    const missing = [...documents.keys()].filter((id) => !found.has(id))
    if (missing.length > 0) throw new Error(`there was ${missing.join(', ')} at ${event.position}`)
  }
  await readStore.discard(build)
  return log.length
}

/** All documents of some collections. */
export function collectionsRead(...collections: string[]): AsItWasOptions['read'] {
  return async (build) => {
    const documents = new Map<string, string>()
    for (const collection of collections) {
      for (const [id, text] of Object.entries(await textsOf(build, collection)))
        documents.set(`${collection} ${id}`, text)
    }
    return documents
  }
}
