import { readLive, type ReadModels, type Row } from './live.js'

interface Wanted {
  readonly promise: Promise<Row | undefined>
  readonly resolve: (row: Row | undefined) => void
  readonly reject: (error: unknown) => void
}

/** So many characters of documents are kept. */
const mostKept = 2_000_000

/**
 * Documents of one collection by id. Whoever asks in the same turn of the event loop shares one query: a document
 * costs 5 µs alone and 3 µs among eight, and asking which build is live, 4 µs, is shared as well. Documents are kept as
 * long as the read store can tell that nothing was written: until then the same row is the same object.
 */
export class DocumentBatch {
  readonly #readStore: ReadModels
  readonly #projection: string
  readonly #collection: string
  #wanted = new Map<string, Wanted>()
  readonly #kept = new Map<string, Row>()
  #keptCharacters = 0
  /** Of the read store, before the documents that are kept were read. */
  #version: number | undefined

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
      const version = this.#forgetChanged()
      for (const [id, { resolve }] of wanted) {
        const row = this.#kept.get(id)
        if (!row) continue
        resolve(row)
        wanted.delete(id)
      }
      if (wanted.size === 0) return
      const rows = await readLive(this.#readStore, this.#projection, (build) =>
        build.getMany(this.#collection, [...wanted.keys()]),
      )
      for (const row of rows) {
        wanted.get(row.id)?.resolve(row)
        wanted.delete(row.id)
        this.#keep(row, version)
      }
      for (const { resolve } of wanted.values()) resolve(undefined)
    } catch (error) {
      for (const { reject } of wanted.values()) reject(error)
    }
  }

  /** Answers the version that what is read from now on is at least of. */
  #forgetChanged(): number | undefined {
    const version = this.#readStore.dataVersion?.()
    if (version === undefined || version !== this.#version) this.#forget()
    this.#version = version
    return version
  }

  /** What took so long to read that another version was seen meanwhile may be older than that. */
  #keep(row: Row, version: number | undefined): void {
    if (version === undefined || version !== this.#version) return
    if (this.#keptCharacters > mostKept) this.#forget()
    this.#kept.set(row.id, row)
    this.#keptCharacters += row.text.length
  }

  #forget(): void {
    this.#kept.clear()
    this.#keptCharacters = 0
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
