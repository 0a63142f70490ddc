import type { NewEvent, RecordedEvent } from '../domain/event.js'
import type { Build, Document, Query, Row, UnitOfWork, Write } from '../read-store/port.js'
import type { Documents, Touch } from './projection.js'

/** So many documents may be kept at hand between pages. */
const documentsKept = 20_000

/** A derived event on its way to the log. */
export interface Derived {
  readonly event: NewEvent
  readonly revision: number
}

/**
 * The documents that a projection works on: loaded by the page, changed in memory, written once a page. What
 * was used lately stays at hand, because this runner is the only one that changes it (the checkpoint fences).
 */
export class WorkingSet implements Documents {
  readonly #build: Build
  readonly #kept = new Map<string, Map<string, Document | undefined>>()
  readonly #changed = new Map<string, Set<string>>()
  #writes = new Map<string, Write[]>()
  #derived: Derived[] = []
  readonly #flush: (changed: boolean) => Promise<void>

  /** @param flush brings what was taken, and if `changed` all that has changed since, to where a query sees it */
  constructor(build: Build, flush: (changed: boolean) => Promise<void>) {
    this.#build = build
    this.#flush = flush
  }

  get<T extends Document>(collection: string, id: string): T | undefined {
    const kept = this.#collection(collection)
    const document = kept.get(id)
    if (document === undefined && !kept.has(id)) throw new Error(`${collection} ${id} was used before it was loaded`)
    return document as T | undefined
  }

  has(collection: string, id: string): boolean {
    return this.#collection(collection).has(id)
  }

  async load(collection: string, ids: readonly string[]): Promise<void> {
    const kept = this.#collection(collection)
    const missing = ids.filter((id) => !kept.has(id))
    if (missing.length === 0) return
    const rows = await this.#build.getMany(collection, missing)
    for (const id of missing) kept.set(id, undefined)
    for (const { id, text } of rows) kept.set(id, JSON.parse(text) as Document)
  }

  /** Loads what a page of events touches, one query a round and collection. */
  async loadTouched(events: readonly RecordedEvent[], rounds: readonly Touch[]): Promise<void> {
    for (const touch of rounds) {
      const wanted = new Map<string, Set<string>>()
      const want = (collection: string, id: string) => {
        if (this.#collection(collection).has(id)) return
        const ids = wanted.get(collection)
        if (ids) ids.add(id)
        else wanted.set(collection, new Set([id]))
      }
      for (const event of events) touch(event, want, this)
      for (const [collection, ids] of wanted) await this.load(collection, [...ids])
    }
  }

  put(collection: string, id: string, document: Document): void {
    this.#change(collection, id, document)
  }

  delete(collection: string, id: string): void {
    this.#change(collection, id, undefined)
  }

  write(collection: string, id: string, document: Document): void {
    const writes = this.#writes.get(collection)
    if (writes) writes.push({ id, document })
    else this.#writes.set(collection, [{ id, document }])
  }

  async page(collection: string, query: Query): Promise<{ rows: readonly Row[]; next?: string }> {
    await this.#flush(this.#writes.has(collection) || this.#changed.has(collection))
    return this.#build.page(collection, query)
  }

  derive(event: NewEvent, revision: number): void {
    this.#derived.push({ event, revision })
  }

  /** How much {@link take} would answer. */
  get changes(): number {
    let changes = this.#derived.length
    for (const writes of this.#writes.values()) changes += writes.length
    for (const ids of this.#changed.values()) changes += ids.size
    return changes
  }

  /** Everything that changed since the last call, and the events derived. */
  take(): { writes: UnitOfWork['writes']; derived: readonly Derived[] } {
    const writes: Record<string, Write[]> = Object.fromEntries(this.#writes)
    for (const [collection, ids] of this.#changed) {
      const kept = this.#collection(collection)
      const own = (writes[collection] ??= [])
      for (const id of ids) own.push({ id, document: kept.get(id) })
    }
    const derived = this.#derived
    this.#changed.clear()
    this.#writes = new Map()
    this.#derived = []
    return { writes, derived }
  }

  /** Whether it is time to {@link forget}. */
  get isLarge(): boolean {
    let documents = 0
    for (const kept of this.#kept.values()) documents += kept.size
    return documents > documentsKept
  }

  /** Lets go of the documents. Only when all that was taken is committed. */
  forget(): void {
    this.#kept.clear()
  }

  #change(collection: string, id: string, document: Document | undefined): void {
    this.#collection(collection).set(id, document)
    const changed = this.#changed.get(collection)
    if (changed) changed.add(id)
    else this.#changed.set(collection, new Set([id]))
  }

  #collection(name: string): Map<string, Document | undefined> {
    let kept = this.#kept.get(name)
    if (!kept) this.#kept.set(name, (kept = new Map()))
    return kept
  }
}
