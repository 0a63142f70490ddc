import { idKey } from '../embedded/id-key.js'
import { KeyFilter } from '../embedded/key-filter.js'

/** Where an event stands. */
export interface Place {
  readonly revision: number
  readonly position: number
}

/**
 * What is known of a stream: its last revision, and which ids it has up to there. Others may have appended since:
 * whoever appends names the revision, and so learns of it.
 */
export class KnownStream {
  /** In the server. */
  readonly name: string
  /** Of the last event; −1 while there is none. */
  revision = -1
  readonly #filter: KeyFilter
  #revisions = new Map<string, number>()
  /** From the revision {@link #first} on. */
  #positions: number[] = []
  #first = 0
  /** Whether ids were let go: then the filter alone remembers them. */
  #lossy = false

  constructor(name: string, filter: KeyFilter) {
    this.name = name
    this.#filter = filter
  }

  /** How many ids are held. */
  get size(): number {
    return this.#positions.length
  }

  /** Takes in an event that was read. Each is taken once, in the order of the stream. */
  learn(id: string, { revision, position }: Place): void {
    if (revision <= this.revision) return
    // Revisions are missing only where a stream was cut off at its beginning or was deleted.
    if (revision !== this.revision + 1) this.#begin(revision)
    this.revision = revision
    this.#revisions.set(id, revision)
    this.#positions.push(position)
    this.#filter.add(idKey(id))
  }

  /** Where the event with an id stands; undefined if there is none. `'perhaps'`: the stream must be read to know. */
  find(id: string): Place | 'perhaps' | undefined {
    const revision = this.#revisions.get(id)
    if (revision !== undefined) return { revision, position: this.#positions[revision - this.#first] ?? 0 }
    return this.#lossy && this.#filter.mayHave(idKey(id)) ? 'perhaps' : undefined
  }

  /** Lets the ids go, to make room. */
  release(): void {
    this.#lossy ||= this.size > 0
    this.#begin(this.revision + 1)
  }

  #begin(revision: number): void {
    this.#revisions = new Map()
    this.#positions = []
    this.#first = revision
  }
}

/**
 * The streams that were appended to lately. Memory is bounded: beyond so many ids, those of the streams that were not
 * asked for longest are let go and only a Bloom filter remembers them, which spares nearly all new events the reading
 * of their stream.
 */
export class KnownStreams {
  readonly #filter = new KeyFilter()
  /** With ids, and without; least recently used first. */
  readonly #holding = new Map<string, KnownStream>()
  readonly #outlines = new Map<string, KnownStream>()
  readonly #sizes = new WeakMap<KnownStream, number>()
  readonly #inUse = new Set<string>()
  readonly #mostIds: number
  readonly #mostOutlines: number
  #ids = 0

  /** @param mostIds of all streams together */
  constructor(mostIds: number, mostOutlines = 200_000) {
    this.#mostIds = mostIds
    this.#mostOutlines = mostOutlines
  }

  get(name: string): KnownStream | undefined {
    const held = this.#holding.get(name)
    if (!held) return this.#outlines.get(name)
    this.#holding.delete(name)
    this.#holding.set(name, held)
    return held
  }

  /** A stream of which nothing is known yet. It is to be read, and then kept. */
  begin(name: string): KnownStream {
    return new KnownStream(name, this.#filter)
  }

  /** Remembers a stream as the one that was asked for last. */
  keep(known: KnownStream): void {
    this.forget(known.name)
    this.#holding.set(known.name, known)
    this.#sizes.set(known, known.size)
    this.#ids += known.size
    for (const [name, oldest] of this.#holding) {
      if (this.#ids <= this.#mostIds) break
      if (this.#inUse.has(name) || oldest === known) continue
      this.forget(name)
      oldest.release()
      this.#outlines.set(name, oldest)
    }
    for (const name of this.#outlines.keys()) {
      if (this.#outlines.size <= this.#mostOutlines) break
      this.#outlines.delete(name)
    }
  }

  /** While streams are in use, their ids are not let go. A stream has one user at a time. */
  async using<T>(names: readonly string[], use: () => Promise<T>): Promise<T> {
    for (const name of names) this.#inUse.add(name)
    try {
      return await use()
    } finally {
      for (const name of names) this.#inUse.delete(name)
    }
  }

  /** For when it is not certain any more what is in a stream. */
  forget(name: string): void {
    const held = this.#holding.get(name)
    if (held) this.#ids -= this.#sizes.get(held) ?? 0
    this.#holding.delete(name)
    this.#outlines.delete(name)
  }
}
