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

/** Somebody began to read the source: from here on, whoever read it before is fenced off. */
export type SourceClaimed = Event<'SourceClaimed', { readonly source: string; readonly path: string }>
/** Everything before byte `bytes`, which is line `line`, is in the log. */
export type SourceProgressed = Event<
  'SourceProgressed',
  { readonly bytes: number; readonly line: number; readonly counts: SourceCounts }
>
/** All of the source is in the log. */
export type SourceCompleted = Event<'SourceCompleted', { readonly counts: SourceCounts }>
/** Events of the streams `source-<kind>-<hash>`. */
export type SourceEvent = SourceClaimed | SourceProgressed | SourceCompleted

const eventId = uuidV5Namespace('5c0c9d7e-64c5-5f7f-8f4a-4a8c1d9b6e21')

export function sourceStream(kind: string, hash: string): string {
  return `source-${kind}-${hash}`
}

/**
 * An event of a source's stream. Its id follows from who says it and where in the stream, so that a repetition is
 * recognised, and two readers of one source are told apart.
 */
export function sourceEvent(
  stream: string,
  reader: string,
  revision: number,
  { type, data }: SourceEvent,
): NewEvent<SourceEvent> {
  return {
    id: eventId(`${stream}/${reader}/${revision}`),
    stream,
    type,
    data,
    metadata: { correlationId: reader },
  }
}
