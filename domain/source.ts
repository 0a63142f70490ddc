import type { Event, NewEvent } from './event.js'
import { uuidV5Namespace } from './uuid.js'

/** What has come of the records of a source so far. `read` is the sum of the others. */
export interface SourceCounts {
  readonly read: number
  readonly appended: number
  readonly duplicates: number
  readonly ignored: number
  readonly rejected: number
}

export const nothingRead: SourceCounts = { read: 0, appended: 0, duplicates: 0, ignored: 0, rejected: 0 }

/** A place in a file: everything before byte `bytes`, which is line `line`, has been read. */
export interface FilePlace {
  readonly bytes: number
  readonly line: number
}

/** A place in a Kafka partition: everything before `offset` has been read. */
export interface PartitionPlace {
  readonly offset: number
  /** The record that was read last, so that it is noticed when another one stands at its offset. */
  readonly last?: LastRecord
  /**
   * How many topics have been read under this name, this one included; absent in the first. The event that says that one
   * replaced another decides it, and every later one repeats it.
   */
  readonly incarnation?: number
}

/**
 * Where a record of a partition stands: `kafka:<topic>/<partition>/<offset>`. A topic that was made anew has other records
 * at the same offsets: from the second one on, the partition says which it is, as in `kafka:<topic>/<partition>~2/<offset>`.
 */
export function partitionCoordinate(name: string, { incarnation }: PartitionPlace, offset: string): string {
  return `kafka:${name}${incarnation === undefined ? '' : `~${incarnation}`}/${offset}`
}

/** A place further on in the same topic, or the first one in the topic that replaced it. */
export function placeAfter(
  { incarnation }: PartitionPlace,
  next: Omit<PartitionPlace, 'incarnation'>,
  replaced = false,
): PartitionPlace {
  if (replaced) return { ...next, incarnation: (incarnation ?? 1) + 1 }
  return incarnation === undefined ? next : { ...next, incarnation }
}

export interface LastRecord {
  readonly offset: number
  /** As Kafka has it, in milliseconds since 1970. */
  readonly timestamp: number
}

export type Place = FilePlace | PartitionPlace

/** Who reads the source: an import of a file, or a member of a group of consumers. */
export type Reader = { readonly path: string } | { readonly group: string; readonly member: string }

/**
 * Records that will never be read. `deleted`: Kafka deleted those between the two offsets before they were read.
 * `replaced`: the topic was made anew, or lost records that had been read; whatever it held from the first offset on.
 */
export interface LostRecords {
  /** Where reading stood. */
  readonly from: number
  /** Where it goes on. */
  readonly to: number
  readonly reason: 'deleted' | 'replaced'
}

/** Somebody began to read the source: from here on, whoever read it before is fenced off. */
export type SourceClaimed = Event<'SourceClaimed', { readonly source: string } & Reader>
/** Everything before this place is in the log. */
export type SourceProgressed = Event<'SourceProgressed', Place & { readonly counts: SourceCounts }>
/** Records of the source are gone; reading goes on at this place. */
export type SourceLost = Event<
  'SourceLost',
  PartitionPlace & { readonly lost: LostRecords; readonly counts: SourceCounts }
>
/** All of the source is in the log. */
export type SourceCompleted = Event<'SourceCompleted', { readonly counts: SourceCounts }>
/** Events of the streams `source-<kind>-<hash>` and `source-<kind>-kafka-<topic>-<partition>`. */
export type SourceEvent = SourceClaimed | SourceProgressed | SourceLost | SourceCompleted

const eventId = uuidV5Namespace('5c0c9d7e-64c5-5f7f-8f4a-4a8c1d9b6e21')

/** @param name the hash of a file, or the name of a partition */
export function sourceStream(kind: string, name: string): string {
  return `source-${kind}-${name}`
}

/**
 * An event of a source's stream. Its id follows from what it is, who says it and where in the stream, so that a repetition
 * is recognised, and two readers of one source are told apart.
 */
export function sourceEvent(
  stream: string,
  reader: string,
  revision: number,
  { type, data }: SourceEvent,
): NewEvent<SourceEvent> {
  return {
    id: eventId(`${stream}/${reader}/${revision}/${type}`),
    stream,
    type,
    data,
    metadata: { correlationId: reader },
  }
}
