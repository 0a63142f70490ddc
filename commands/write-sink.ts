import { randomUUID } from 'node:crypto'
import {
  sinkEvent,
  sinkStream,
  type SinkClaimed,
  type SinkEvent,
  type SinkProgressed,
} from '../domain/sink.js'
import { RevisionConflict } from '../event-store/errors.js'
import type { EventStore } from '../event-store/port.js'
import { backwards } from './backwards.js'

/** Another publisher has claimed the sink. What this one published may be published again by the other one. */
export class SinkFenced extends Error {
  readonly code = 'sink-fenced'
}

/**
 * A place outside that events of the log are published to, in their order. How far that has come is kept in the sink's
 * own stream, and said at the revision that this publisher wrote last: of two publishers the one that claimed last
 * goes on, and the other is told when it says how far it is.
 */
export class SinkWriter {
  readonly #eventStore: EventStore
  readonly #stream: string
  readonly #publisher = randomUUID()
  #revision: number
  #position: number
  #published: number

  private constructor(eventStore: EventStore, stream: string, found: SinkStanding) {
    this.#eventStore = eventStore
    this.#stream = stream
    this.#revision = found.revision
    this.#position = found.position
    this.#published = found.published
  }

  /** @throws {SinkFenced} somebody else claims it at this moment */
  static async claim(eventStore: EventStore, claimed: SinkClaimed['data']): Promise<SinkWriter> {
    const { topic } = claimed
    const writer = new SinkWriter(eventStore, sinkStream(topic), await sinkStandingOf(eventStore, topic))
    await writer.#say({ type: 'SinkClaimed', data: claimed })
    return writer
  }

  /** Everything up to here is published. */
  get position(): number {
    return this.#position
  }

  /**
   * Says that everything up to a position is published.
   *
   * @param count how many events that were since the last time
   * @throws {SinkFenced}
   */
  async progress(position: number, count: number): Promise<void> {
    const published = this.#published + count
    await this.#say({ type: 'SinkProgressed', data: { position, published } })
    this.#position = position
    this.#published = published
  }

  async #say(event: SinkEvent): Promise<void> {
    const expected = this.#revision < 0 ? 'none' : this.#revision
    try {
      await this.#eventStore.append(
        [sinkEvent(this.#stream, this.#publisher, this.#revision + 1, event)],
        [{ stream: this.#stream, revision: expected }],
      )
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error
      throw new SinkFenced('another publisher has taken this sink over', { cause: error })
    }
    this.#revision++
  }
}

/** What the log says of a sink. */
export interface SinkStanding {
  /** Of the last event of its stream; -1 if there is none. */
  readonly revision: number
  /** Everything up to here is published. */
  readonly position: number
  /** How many events that were. */
  readonly published: number
}

export async function sinkStandingOf(eventStore: EventStore, topic: string): Promise<SinkStanding> {
  let revision = -1
  for await (const event of backwards<SinkEvent>(eventStore, sinkStream(topic))) {
    revision = Math.max(revision, event.revision)
    if (event.type === 'SinkProgressed') return { revision, ...(event.data as SinkProgressed['data']) }
  }
  return { revision, position: 0, published: 0 }
}

/** Who has claimed a sink last; undefined if nobody has. */
export async function lastSinkClaim(
  eventStore: EventStore,
  topic: string,
): Promise<SinkClaimed['data'] | undefined> {
  for await (const event of backwards<SinkEvent>(eventStore, sinkStream(topic))) {
    if (event.type === 'SinkClaimed') return event.data as SinkClaimed['data']
  }
  return undefined
}
