import type { Event, NewEvent } from './event.js'
import { uuidV5Namespace } from './uuid.js'

/** Somebody began to publish: from here on, whoever published before is fenced off. */
export type SinkClaimed = Event<
  'SinkClaimed',
  { readonly topic: string; readonly group: string; readonly member: string }
>
/** Every event up to this position of the log that the sink takes has been published. */
export type SinkProgressed = Event<
  'SinkProgressed',
  {
    readonly position: number
    /** How many events that were, ever. */
    readonly published: number
  }
>
/** Events of the streams `sink-<topic>`. */
export type SinkEvent = SinkClaimed | SinkProgressed

const eventId = uuidV5Namespace('0b7c2a53-8f0e-5d64-8a3b-62a1b7f0d9c4')

export function sinkStream(topic: string): string {
  return `sink-${topic}`
}

/** An event of a sink's stream. A repetition is recognised, and two publishers are told apart, as for sources. */
export function sinkEvent(
  stream: string,
  publisher: string,
  revision: number,
  { type, data }: SinkEvent,
): NewEvent<SinkEvent> {
  return {
    id: eventId(`${stream}/${publisher}/${revision}`),
    stream,
    type,
    data,
    metadata: { correlationId: publisher },
  }
}
