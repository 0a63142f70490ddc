import type { NewEvent, RecordedEvent } from '../../domain/event.js'
import type { Document, Query, ReadModel, Row, UnitOfWork, Write } from '../../read-store/port.js'
import { KeptDocuments, type HeldDocument } from './kept-documents.js'
import { ownId, wholePartition, type Partition } from './partition.js'
import type { Documents, IdRange, IdSlice, Projection, Touch } from '../projection.js'

/** When so many documents are in use, those that were not used lately are let go. */
const documentsInUse = 5_000

/** A derived event on its way to the log. */
export interface Derived {
  readonly event: NewEvent
  readonly revision: number
}

/**
 * The documents that a projection works on: loaded by the page, changed in memory, written once a unit of work.
 * What was used lately stays at hand, because this runner is the only one that changes it (the checkpoint fences).
 */
export class WorkingSet implements Documents {
  readonly #build: ReadModel
  readonly #kept = new Map<string, KeptDocuments>()
  #written = new Map<string, Write[]>()
  /** The collections that anything was {@link write written} to. */
  readonly #forgotten = new Set<string>()
  #derived: Derived[] = []
  readonly #flush: (changed: boolean) => Promise<void>
  readonly #projection: Pick<Projection, 'watches'>
  readonly #partition: Partition
  /** Whether the build was empty at first. */
  readonly #isEmpty: boolean
  /** What the stores threw. */
  readonly #troubles = new WeakSet<Error>()

  /**
   * @param position where the build, or the partition, stands
   * @param flush brings what was taken, and if `changed` all that has changed since, to where a query sees it
   */
  constructor(
    build: ReadModel,
    position: number,
    projection: Pick<Projection, 'watches'>,
    flush: (changed: boolean) => Promise<void>,
    partition = wholePartition,
  ) {
    this.#build = build
    this.#projection = projection
    this.#partition = partition
    this.#isEmpty = position === 0
    this.#flush = flush
  }

  get<T extends Document>(collection: string, id: string): T | undefined {
    const entry = this.hold(collection, id)
    if (!entry) throw new Error(`${collection} ${id} was used before it was loaded`)
    return entry.document as T | undefined
  }

  has(collection: string, id: string): boolean {
    return this.hold(collection, id) !== undefined
  }

  owns(key: string): boolean {
    return this.#partition.owns(key)
  }

  hold(collection: string, id: string): HeldDocument | undefined {
    return this.#collection(collection).find(this.#own(collection, id))
  }

  async load(collection: string, ids: readonly string[]): Promise<void> {
    const kept = this.#collection(collection)
    const absent = ids.map((id) => this.#own(collection, id)).filter((id) => kept.find(id) === undefined)
    if (absent.length === 0) return
    const stored = kept.isWhole ? [] : absent
    const rows = stored.length > 0 ? await this.#asking(this.#build.getMany(collection, stored)) : []
    for (const id of absent) kept.add(id, undefined)
    for (const { id, text } of rows) kept.add(id, JSON.parse(text) as Document)
  }

  async loadBetween(collection: string, { from, to, limit }: IdRange): Promise<IdSlice> {
    if (this.#forgotten.has(collection)) throw new TypeError(`${collection} is written and forgotten`)
    const kept = this.#collection(collection)
    const query = { ...(from !== undefined && { from }), ...(to !== undefined && { to }), limit: limit + 1 }
    const { rows } = kept.isWhole ? { rows: [] } : await this.#asking(this.#build.page(collection, query))
    for (const { id, text } of rows) if (!kept.find(id)) kept.add(id, JSON.parse(text) as Document)
    // Beyond the last row there may be others that are stored and not at hand.
    const end = rows[limit]?.id
    const ids = kept.idsBetween(from, end ?? to)
    const next = ids[limit] ?? end
    return { ids: ids.slice(0, limit), ...(next !== undefined && { next }) }
  }

  /**
   * Loads what a page of events touches, one query a collection, and then what those touch that wanted something.
   *
   * @param fail called with the event for which `touch` threw
   */
  async loadTouched(
    events: readonly RecordedEvent[],
    touch: Touch,
    fail: (event: RecordedEvent, error: unknown) => never,
  ): Promise<void> {
    for (let asking = events; asking.length > 0;) {
      const wanted = new Map<string, Set<string>>()
      let wants = false
      const want = (collection: string, id: string) => {
        if (this.has(collection, id)) return
        wants = true
        const ids = wanted.get(collection)
        if (ids) ids.add(id)
        else wanted.set(collection, new Set([id]))
      }
      asking = asking.filter((event) => {
        wants = false
        try {
          touch(event, want, this)
        } catch (error) {
          fail(event, error)
        }
        return wants
      })
      for (const [collection, ids] of wanted) await this.load(collection, [...ids])
    }
  }

  put(collection: string, id: string, document: Document): void {
    this.#collection(collection).change(this.#own(collection, id), document)
  }

  delete(collection: string, id: string): void {
    this.#collection(collection).change(this.#own(collection, id), undefined)
  }

  write(collection: string, id: string, document: Document): void {
    this.#forgotten.add(collection)
    const writes = this.#written.get(collection)
    if (writes) writes.push({ id, document })
    else this.#written.set(collection, [{ id, document }])
  }

  async page(collection: string, query: Query): Promise<{ rows: readonly Row[]; next?: string }> {
    const changed = this.#written.has(collection) || this.#collection(collection).changes > 0
    return this.#asking(this.#flush(changed).then(() => this.#build.page(collection, query)))
  }

  derive(event: NewEvent, revision: number): void {
    this.#derived.push({ event, revision })
  }

  /** How much {@link take} would answer. */
  get changes(): number {
    let changes = this.#derived.length
    for (const writes of this.#written.values()) changes += writes.length
    for (const kept of this.#kept.values()) changes += kept.changes
    return changes
  }

  /** Everything that changed since the last call, and the events derived. Only when what that call answered is stored. */
  take(): { writes: UnitOfWork['writes']; derived: readonly Derived[] } {
    const writes: Record<string, readonly Write[]> = Object.fromEntries(this.#written)
    for (const [collection, kept] of this.#kept) {
      const changed = kept.take()
      if (changed.length > 0) writes[collection] = [...(writes[collection] ?? []), ...changed]
    }
    const derived = this.#derived
    this.#written = new Map()
    this.#derived = []
    return { writes, derived }
  }

  /** Whether it is time to {@link forget}. */
  get isLarge(): boolean {
    let documents = 0
    for (const kept of this.#kept.values()) documents += kept.size
    return documents > documentsInUse
  }

  /** Lets go of all documents that were not used lately and are stored. */
  forget(): void {
    for (const kept of this.#kept.values()) kept.age()
  }

  /** Whether an error came from the stores, and so is no fault of the handler that met it. */
  isTrouble(error: unknown): boolean {
    return error instanceof Error && this.#troubles.has(error)
  }

  /** A TypeError says that the question was wrong, not that the store could not answer. */
  async #asking<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      if (error instanceof Error && !(error instanceof TypeError)) this.#troubles.add(error)
      throw error
    }
  }

  #own(collection: string, id: string): string {
    const { index } = this.#partition
    if (index === 0) return id
    const isWatched = this.#projection.watches.some(
      ([name, watched]) => name === collection && watched === id,
    )
    return isWatched ? ownId(id, index) : id
  }

  #collection(name: string): KeptDocuments {
    let kept = this.#kept.get(name)
    if (!kept) this.#kept.set(name, (kept = new KeptDocuments(this.#isEmpty)))
    return kept
  }
}
