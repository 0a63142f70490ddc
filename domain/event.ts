/**
 * The shape that every event shares, whatever entity it belongs to and whichever engine keeps it.
 *
 * An event says that something happened. Its `data` is the fact; its `metadata` says how the fact came to us.
 */
export interface Event<Type extends string = string, Data extends object = object> {
  readonly type: Type
  readonly data: Data
}

/** Where an event came from. None of it takes part in any computed figure. */
export interface Metadata {
  /** Joins all events that one request, file or process brought about. */
  readonly correlationId?: string
  /** The id of the event that caused this one. */
  readonly causationId?: string
  /**
   * The source record's coordinate: `file:<hash>#<line>`, `kafka:<topic>/<partition>/<offset>` (domain/source.ts),
   * `key:<idempotency key>#<index>`, …
   */
  readonly source?: string
  /** Of the event's data, from 2 on; absent while its type has one version only (domain/upcasting.ts). */
  readonly schemaVersion?: number
}

/** An event on its way into the log. */
export interface NewEvent<E extends Event = Event> {
  /** A UUID, unique in the log: appending it again is answered as the first time. */
  readonly id: string
  /** The entity's stream, `<category>-<key>`. */
  readonly stream: string
  readonly type: E['type']
  readonly data: E['data']
  readonly metadata: Metadata
}

/** An event as it stands in the log. */
export interface RecordedEvent<E extends Event = Event> extends NewEvent<E> {
  /** Its place in its stream, from 0. */
  readonly revision: number
  /** Its place in the whole log: a number that grows, with or without gaps. */
  readonly position: number
  /** When the log took it, in milliseconds since 1970. History: nothing is computed from it. */
  readonly recordedTime: number
}

/** The category of a stream: what stands before its first `-`, as EventStoreDB's `$ce-` streams have it. */
export function categoryOf(stream: string): string {
  const dash = stream.indexOf('-')
  return dash < 0 ? stream : stream.slice(0, dash)
}
