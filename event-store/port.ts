import type { NewEvent, RecordedEvent } from '../domain/event.js'

/** `'none'`: the stream must not exist yet. A number: that must be the revision of its last event. */
export type ExpectedRevision = number | 'none'

export interface Expectation {
  readonly stream: string
  readonly revision: ExpectedRevision
}

/** Where one event of an append came to stand. */
export interface Placed {
  readonly revision: number
  readonly position: number
  /** The log held an event of this id already; revision and position are that event's. */
  readonly duplicate: boolean
}

export interface Appended {
  /** The greatest position among `events`: wait for it to read one's own writes. 0 for an empty append. */
  readonly position: number
  /** One for each event of the append, in its order. */
  readonly events: readonly Placed[]
}

/** A page of the log. `position` is how far it reaches, also where a filter left events out. */
export interface LogPage {
  readonly events: readonly RecordedEvent[]
  readonly position: number
}

export interface StreamSummary {
  readonly stream: string
  /** Of its last event. */
  readonly revision: number
  /** Of its last event. */
  readonly position: number
}

export interface ReadAll {
  /** Read what comes after this position; 0 reads from the start. */
  readonly after: number
  /**
   * At most about so many events a page. One that holds none may still reach further than `after`: then there may be more
   * to come.
   */
  readonly limit: number
  /** Only streams of these categories. */
  readonly categories?: readonly string[]
}

export interface ReadStream {
  readonly direction?: 'forward' | 'backward'
  /** First revision to read; default the first (forward) or the last (backward). */
  readonly from?: number
  readonly limit: number
}

/**
 * The log: streams of events, one stream an entity, all of them in one total order.
 *
 * Small, and in pages: every engine is fast in bulk and slow one by one.
 */
export interface EventStore {
  /**
   * Appends events, each to the stream it names, in the order given. Answers once they are durable.
   *
   * An expectation is checked before anything is written to its stream, against the stream as it was before
   * this call; where all events for that stream are already in the log, the call is a repetition and is answered
   * as the first time. A stream with an expectation takes its events all or nothing.
   *
   * Otherwise an engine may stop half-way: what is written stays. But where an expectation fails, nothing is
   * written of that stream, nor of any stream without an expectation of its own that the call names later: so a
   * stream named first, with an expectation, fences all the others. (The embedded engine writes the whole call or
   * none of it. EventStoreDB writes stream by stream: the events for a stream with an expectation stand together
   * where the first of them is named, and what failed and was tried again may stand later than what follows it.)
   *
   * An id belongs to the stream that it was first appended to; not every engine looks for it in others.
   *
   * @throws {RevisionConflict} a stream is not at its expected revision
   * @throws {InvalidEvent} an event has no UUID or no stream, or is larger than the engine takes
   */
  append(events: readonly NewEvent[], expect?: readonly Expectation[]): Promise<Appended>

  /** A page of one stream; empty if the stream does not exist or ends before `from`. */
  readStream(stream: string, page: ReadStream): Promise<RecordedEvent[]>

  /** A page of the whole log, in the order of positions. */
  readAll(page: ReadAll): Promise<LogPage>

  /** Pages of the log for ever: catches up without a pause, then yields as events come, until `signal` aborts. */
  follow(page: ReadAll, signal: AbortSignal): AsyncIterable<LogPage>

  /** The position of the last event in the log; 0 while it is empty. */
  head(): Promise<number>

  /** Streams by their last event, newest first, for people who browse. */
  streams(page: { readonly before?: number; readonly limit: number }): Promise<StreamSummary[]>

  close(): Promise<void>
}
