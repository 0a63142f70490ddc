import type { IndexFile } from './index.js'
import type { LogFile } from './log.js'
import { Tail, type Run } from './tail.js'
import { LogUnusable } from '../errors.js'
import { idKey, nextKey } from './id-key.js'
import type { RecordedEvent } from '../../domain/event.js'
import type { StreamSummary } from '../port.js'

/**
 * A tail of so many events goes to the index. The more at a time, the fewer of its pages are written again and again: of
 * the first million, an event took 3.2 µs with 32,768 at a time and 1.5 µs with 131,072.
 */
const defaultTail = 65_536
/** So many tails may wait for the index before appends wait for it as well: memory stays bounded. */
const waitingTails = 4
const catchUpPage = 4_096
/** How many stream heads are remembered besides those in the tail. */
const rememberedHeads = 50_000
const runsAQuery = 16

/** What is known of some ids, in their order. */
export interface Located {
  /** The key under which an id stands, or would be added. */
  readonly keys: readonly number[]
  /** The events that have the ids, by their places. */
  readonly found: ReadonlyMap<number, RecordedEvent>
}

/**
 * Knows where every id and every stream of the log stands: the index up to some position, the tail from there
 * on. It is right about the log up to its own {@link head}; {@link catchUp} takes in what others appended.
 */
export class EventLocator {
  readonly #log: LogFile
  readonly #index: IndexFile
  readonly #fullTail: number
  #tail: Tail
  /** The tail that the index is taking in just now. */
  #leaving: Tail | undefined
  #indexing: Promise<void> | undefined
  #failure: LogUnusable | undefined
  /** What is known may be wrong: see {@link reset}. */
  #isLost = false
  readonly #heads = new Map<string, number>()

  /** @param fullTail a tail of so many events goes to the index */
  constructor(log: LogFile, index: IndexFile, fullTail = defaultTail) {
    this.#log = log
    this.#index = index
    this.#fullTail = fullTail
    this.#tail = new Tail(index.begin())
  }

  get head(): number {
    return this.#tail.head
  }

  /** Learns of what this process has not appended itself. */
  async catchUp(): Promise<void> {
    this.#recover()
    while (this.head < this.#log.head()) {
      this.#follow(catchUpPage)
      await this.makeRoom()
    }
  }

  /** Whether {@link catchUp} would read more than a page. */
  get isFarBehind(): boolean {
    return this.#log.head() - this.head > catchUpPage
  }

  /** The same as {@link catchUp} at once, inside a transaction: meant for few events. */
  catchUpNow(): void {
    while (this.head < this.#log.head()) this.#follow(catchUpPage)
  }

  /**
   * Adds an event that is being written, under a key from {@link locate}.
   *
   * @returns its revision
   */
  add(key: number, stream: string, position: number): number {
    const tail = this.#tail
    const run = tail.runs.get(stream) ?? tail.begin(stream, (this.revisionOf(stream) ?? -1) + 1)
    return tail.add(key, run, position)
  }

  /** Forgets everything but the files: for when a transaction came to nothing. */
  reset(): void {
    this.#isLost = true
  }

  #recover(): void {
    if (!this.#isLost) return
    this.#heads.clear()
    this.#tail = new Tail(this.#leaving?.head ?? this.#index.begin())
    this.#isLost = false
  }

  /** Hands a full tail to the index; waits only where too much is waiting already. */
  async makeRoom(): Promise<void> {
    this.#recover()
    if (!this.#indexing && (this.#leaving || this.#tail.size >= this.#fullTail)) this.#startIndexing()
    if (this.#tail.size < waitingTails * this.#fullTail) return
    await this.#indexing
    if (this.#failure) throw this.#failure
  }

  /** Looks up many ids at once. For each id, in order: its key, and the event that has it, if one does. */
  locate(ids: readonly string[]): Located {
    const keys = ids.map(idKey)
    const found = new Map<number, RecordedEvent>()
    const nothingIndexed = (this.#leaving ?? this.#tail).after === 0
    const indexed = nothingIndexed ? undefined : this.#index.find(keys)
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at] ?? 0
      const position = this.#inTails(key) ?? indexed?.get(key)
      if (position === undefined) continue
      const probed = this.#probe(ids[at] ?? '', key, position)
      keys[at] = probed.key
      if (probed.found) found.set(at, probed.found)
    }
    return { keys, found }
  }

  /** The revision of a stream's last event, if it exists. */
  revisionOf(stream: string): number | undefined {
    const known =
      this.#tail.revisionOf(stream) ?? this.#leaving?.revisionOf(stream) ?? this.#heads.get(stream)
    if (known !== undefined) return known >= 0 ? known : undefined
    const revision = this.#index.stream(stream)?.revision
    if (this.#heads.size >= rememberedHeads) this.#heads.clear()
    this.#heads.set(stream, revision ?? -1)
    return revision
  }

  /** The positions of a page of a stream. */
  positions(stream: string, from: number, backward: boolean, limit: number): number[] {
    const positions: number[] = []
    let next = from
    const take = ({ revision, positions: run }: Run) => {
      const step = backward ? -1 : 1
      let offset = backward ? Math.min(next - revision, run.length - 1) : Math.max(next - revision, 0)
      for (; offset >= 0 && offset < run.length && positions.length < limit; offset += step) {
        positions.push(run[offset] ?? 0)
        next = revision + offset + step
      }
    }
    const takeIndexed = () => {
      let runs: Run[]
      do {
        runs = this.#index.runs(stream, next, backward, runsAQuery)
        runs.forEach(take)
      } while (runs.length === runsAQuery && positions.length < limit && next >= 0)
    }
    const tails = [this.#leaving?.runs.get(stream), this.#tail.runs.get(stream)].filter(
      (run) => run !== undefined,
    )
    if (backward) tails.reverse().forEach(take)
    takeIndexed()
    if (!backward) tails.forEach(take)
    return positions
  }

  newestStreams(before: number, limit: number): StreamSummary[] {
    const newest = new Map<string, StreamSummary>()
    for (const tail of [this.#tail, this.#leaving]) {
      for (const { stream, revision, positions } of tail?.runs.values() ?? []) {
        const position = positions.at(-1) ?? 0
        if (!newest.has(stream))
          newest.set(stream, { stream, revision: revision + positions.length - 1, position })
      }
    }
    const inTails = [...newest.values()].filter(({ position }) => position < before)
    const indexed: StreamSummary[] = []
    let next = before
    while (indexed.length < limit) {
      const rows = this.#index.newest(next, limit)
      indexed.push(...rows.filter(({ stream }) => !newest.has(stream)))
      next = rows.at(-1)?.position ?? 0
      if (rows.length < limit) break
    }
    return [...inTails.sort((a, b) => b.position - a.position), ...indexed].slice(0, limit)
  }

  /** Leaves a short tail to the next opening, which reads it from the log. */
  async close(): Promise<void> {
    await this.#indexing
    if (this.#tail.size < Math.min(catchUpPage, this.#fullTail)) return
    this.#startIndexing()
    await this.#indexing
  }

  #follow(limit: number): void {
    const { events } = this.#log.read({ after: this.head, limit })
    const located = this.locate(events.map(({ id }) => id))
    const tail = this.#tail
    events.forEach(({ stream, revision, position }, i) => {
      tail.add(located.keys[i] ?? 0, tail.runs.get(stream) ?? tail.begin(stream, revision), position)
    })
  }

  /** The position of a key that was {@link add added} since the last turn began, or somewhat earlier. */
  added(key: number): number | undefined {
    return this.#tail.ids.get(key)
  }

  /** The position of a key in the part of the log that is not indexed yet. */
  #inTails(key: number): number | undefined {
    return this.#tail.ids.get(key) ?? this.#leaving?.ids.get(key)
  }

  /** A key is taken at `position`: by this id, or by another one that shares it. */
  #probe(
    id: string,
    key: number,
    position: number | undefined,
  ): { key: number; found: RecordedEvent | undefined } {
    while (position !== undefined) {
      const event = this.#log.event(position)
      if (event.id === id) return { key, found: event }
      key = nextKey(key)
      position = this.#inTails(key) ?? this.#index.find([key]).get(key)
    }
    return { key, found: undefined }
  }

  /** What could not be indexed is tried again: the disk may have been full. */
  #startIndexing(): void {
    const leaving = this.#leaving ?? this.#tail
    if (!this.#leaving) {
      this.#leaving = leaving
      this.#tail = new Tail(leaving.head)
    }
    this.#failure = undefined
    this.#indexing = this.#index.add(leaving).then(
      (outcome) => this.#indexed(leaving, outcome),
      (error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error)
        this.#failure = new LogUnusable(`the index of the log cannot be written: ${reason}`, { cause: error })
        this.#indexing = undefined
      },
    )
  }

  #indexed(leaving: Tail, outcome: 'applied' | 'refused'): void {
    this.#leaving = undefined
    this.#indexing = undefined
    for (const [stream, { revision, positions }] of leaving.runs) {
      if (this.#heads.has(stream)) this.#heads.set(stream, revision + positions.length - 1)
    }
    // Another process has indexed some of it: start again from where the index stands now.
    if (outcome === 'refused') this.reset()
  }
}
