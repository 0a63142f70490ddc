import { randomUUID } from 'node:crypto'
import type { NewEvent } from '../domain/event.js'
import {
  nothingRead,
  sourceEvent,
  type FilePlace,
  type LostRecords,
  type PartitionPlace,
  type Place,
  type SourceClaimed,
  type SourceCompleted,
  type SourceCounts,
  type SourceEvent,
  type SourceLost,
} from '../domain/source.js'
import { RevisionConflict } from '../event-store/errors.js'
import type { EventStore, Expectation } from '../event-store/port.js'
import { backwards } from './backwards.js'
import { takeIn, type Arrival, type Intake } from './intake.js'

/** Another reader has claimed the source. What this one had read is in the log; the other one goes on. */
export class SourceFenced extends Error {
  readonly code = 'source-fenced'
}

/** Where reading stands. */
export type SourceState<P extends Place = FilePlace> = P & {
  readonly counts: SourceCounts
  readonly completed: boolean
}

/**
 * A source that is read once, however often reading it is begun: its progress is kept in its own stream of the
 * log, and every page of its records is appended together with the claim that this reader is still the one who
 * reads. Of two readers the one that claimed last goes on; the other is told at its next page.
 */
export class SourceReader<P extends Place = FilePlace> {
  readonly #eventStore: EventStore
  readonly #stream: string
  readonly #reader = randomUUID()
  #revision: number
  #place: P
  /** The place that the log knows of. */
  #said: P
  #counts: SourceCounts
  #completed: boolean

  private constructor(eventStore: EventStore, stream: string, found: Standing<P>) {
    this.#eventStore = eventStore
    this.#stream = stream
    this.#revision = found.revision
    this.#place = found.place
    this.#said = found.place
    this.#counts = found.counts
    this.#completed = found.completed
  }

  /** Claims a file, unless all of it is in the log already. */
  static open(
    eventStore: EventStore,
    stream: string,
    source: string,
    path: string,
  ): Promise<SourceReader<FilePlace>> {
    return SourceReader.claim<FilePlace>(eventStore, stream, { source, path }, { bytes: 0, line: 1 })
  }

  /**
   * Claims a source, unless all of it is in the log already.
   *
   * @param start where to read from if nobody has read the source before
   * @throws {SourceFenced} somebody else claims it at this moment
   */
  static async claim<P extends Place>(
    eventStore: EventStore,
    stream: string,
    claimed: SourceClaimed['data'],
    start: P,
  ): Promise<SourceReader<P>> {
    const reader = new SourceReader<P>(eventStore, stream, await standingOf(eventStore, stream, start))
    if (!reader.#completed) await reader.#take([], { type: 'SourceClaimed', data: claimed })
    return reader
  }

  get state(): SourceState<P> {
    return { ...this.#place, counts: this.#counts, completed: this.#completed }
  }

  /**
   * Takes a page of records in. It may be repeated if it failed: nothing is counted twice.
   *
   * @param ignored records of the page that carry nothing for us, not even their time
   * @param next where the page after this one starts
   * @throws {SourceFenced}
   */
  async take(arrivals: readonly Arrival[], ignored: number, next: P): Promise<Intake> {
    const taken = await this.#take(arrivals, this.#progress())
    const counts = this.#counts
    this.#said = this.#place
    this.#place = next
    this.#counts = {
      read: counts.read + arrivals.length + ignored,
      appended: counts.appended + taken.appended,
      duplicates: counts.duplicates + taken.duplicates,
      ignored: counts.ignored + ignored + taken.ignored,
      rejected: counts.rejected + taken.rejected.length,
    }
    return taken
  }

  /**
   * Says where reading stands, unless the log knows it: whoever reads on need not look at the last page again.
   *
   * @throws {SourceFenced}
   */
  async settle(): Promise<void> {
    if (this.#said === this.#place) return
    await this.#take([], this.#progress())
    this.#said = this.#place
  }

  /**
   * Passes over records that nobody can read any more, and says so.
   *
   * @throws {SourceFenced}
   */
  async lose(lost: LostRecords, next: P & PartitionPlace): Promise<void> {
    await this.#take([], { type: 'SourceLost', data: { lost, ...next, counts: this.#counts } })
    this.#place = next
    this.#said = next
  }

  async complete(): Promise<void> {
    await this.#take([], { type: 'SourceCompleted', data: { counts: this.#counts } })
    this.#completed = true
  }

  /**
   * What is in the log of the page before is said together with this page, never of this page itself: an engine
   * that writes stream by stream could otherwise claim what it has not written.
   */
  #progress(): SourceEvent {
    return { type: 'SourceProgressed', data: { ...this.#place, counts: this.#counts } }
  }

  async #take(arrivals: readonly Arrival[], event: SourceEvent): Promise<Intake> {
    const expected = this.#revision < 0 ? 'none' : this.#revision
    const events: NewEvent[] = [sourceEvent(this.#stream, this.#reader, this.#revision + 1, event)]
    const expect: Expectation[] = [{ stream: this.#stream, revision: expected }]
    try {
      const taken = await takeIn(this.#eventStore, arrivals, { events, expect })
      this.#revision++
      return taken
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error
      throw new SourceFenced('another import has taken this source over: let it finish, or start again', {
        cause: error,
      })
    }
  }
}

/** Who has claimed a source last; undefined if nobody has. */
export async function lastClaim(
  eventStore: EventStore,
  stream: string,
): Promise<SourceClaimed['data'] | undefined> {
  for await (const event of backwards<SourceEvent>(eventStore, stream)) {
    if (event.type === 'SourceClaimed') return event.data as SourceClaimed['data']
  }
  return undefined
}

/** What the log says of a source. */
export interface Standing<P extends Place> {
  /** Of the last event of its stream; -1 if there is none. */
  readonly revision: number
  readonly place: P
  readonly counts: SourceCounts
  readonly completed: boolean
}

/** @param start the place where reading begins if nobody has read the source before */
export async function standingOf<P extends Place>(
  eventStore: EventStore,
  stream: string,
  start: P,
): Promise<Standing<P>> {
  let revision = -1
  for await (const event of backwards<SourceEvent>(eventStore, stream)) {
    revision = Math.max(revision, event.revision)
    if (event.type === 'SourceClaimed') continue
    const { counts } = event.data as SourceCompleted['data']
    if (event.type === 'SourceCompleted') return { revision, place: start, counts, completed: true }
    const { lost: _lost, counts: _counts, ...place } = event.data as SourceLost['data']
    // A stream has the places of one kind of source, as its name says.
    return { revision, place: { ...start, ...place }, counts, completed: false }
  }
  return { revision, place: start, counts: nothingRead, completed: false }
}
