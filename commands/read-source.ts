import { randomUUID } from 'node:crypto'
import type { NewEvent } from '../domain/event.js'
import { nothingRead, sourceEvent, type SourceCounts, type SourceEvent } from '../domain/source.js'
import { RevisionConflict } from '../event-store/errors.js'
import type { EventStore, Expectation } from '../event-store/port.js'
import { takeIn, type Arrival } from './intake.js'

/** Another reader has claimed the source. What this one had read is in the log; the other one goes on. */
export class SourceFenced extends Error {
  readonly code = 'source-fenced'
}

/** Where reading stands. */
export interface SourceState {
  readonly bytes: number
  readonly line: number
  readonly counts: SourceCounts
  readonly completed: boolean
}

/**
 * A source that is read once, however often reading it is begun: its progress is kept in its own stream of the
 * log, and every page of its records is appended together with the claim that this reader is still the one who
 * reads. Of two readers the one that claimed last goes on; the other is told at its next page.
 */
export class SourceReader {
  readonly #eventStore: EventStore
  readonly #stream: string
  readonly #reader = randomUUID()
  #revision: number
  state: SourceState

  private constructor(eventStore: EventStore, stream: string, revision: number, state: SourceState) {
    this.#eventStore = eventStore
    this.#stream = stream
    this.#revision = revision
    this.state = state
  }

  /** Claims a source, unless all of it is in the log already. */
  static async open(
    eventStore: EventStore,
    stream: string,
    source: string,
    path: string,
  ): Promise<SourceReader> {
    const { revision, state } = await load(eventStore, stream)
    const reader = new SourceReader(eventStore, stream, revision, state)
    if (!state.completed) await reader.#take([], { type: 'SourceClaimed', data: { source, path } })
    return reader
  }

  /**
   * Takes a page of records in.
   *
   * @param ignored lines of the page that carry nothing for us
   * @param next where the page after this one starts
   * @throws {SourceFenced}
   */
  async take(
    arrivals: readonly Arrival[],
    ignored: number,
    next: { readonly bytes: number; readonly line: number },
  ): Promise<void> {
    const { bytes, line, counts } = this.state
    const taken = await this.#take(arrivals, { type: 'SourceProgressed', data: { bytes, line, counts } })
    this.state = {
      ...next,
      completed: false,
      counts: {
        read: counts.read + arrivals.length + ignored,
        appended: counts.appended + taken.appended,
        duplicates: counts.duplicates + taken.duplicates,
        ignored: counts.ignored + ignored,
        rejected: counts.rejected + taken.rejected.length,
      },
    }
  }

  async complete(): Promise<void> {
    await this.#take([], { type: 'SourceCompleted', data: { counts: this.state.counts } })
    this.state = { ...this.state, completed: true }
  }

  /**
   * What is in the log of the page before is said together with this page, never of this page itself: an engine
   * that writes stream by stream could otherwise claim what it has not written.
   */
  async #take(arrivals: readonly Arrival[], event: SourceEvent) {
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

async function load(
  eventStore: EventStore,
  stream: string,
): Promise<{ revision: number; state: SourceState }> {
  const start: SourceState = { bytes: 0, line: 1, counts: nothingRead, completed: false }
  let from: number | undefined
  let revision = -1
  for (;;) {
    const page = await eventStore.readStream(stream, {
      direction: 'backward',
      limit: 10,
      ...(from === undefined ? {} : { from }),
    })
    revision = Math.max(revision, page[0]?.revision ?? -1)
    for (const { type, data } of page) {
      if (type === 'SourceClaimed') continue
      return { revision, state: { ...start, ...data, completed: type === 'SourceCompleted' } }
    }
    const last = page.at(-1)
    if (!last || last.revision === 0) return { revision, state: start }
    from = last.revision - 1
  }
}
