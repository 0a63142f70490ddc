import type { RecordRejected, RetryFailed } from '../../domain/dead-letter.js'
import type { RecordedEvent } from '../../domain/event.js'
import { formatTimestamp } from '../../domain/timestamp.js'
import type { Documents, SharedProjection } from '../projection.js'

/** A record that could not be used, as people see it. */
export interface DeadLetter {
  readonly id: string
  readonly kind: string
  readonly reason: string
  readonly detail: string
  readonly source: string
  readonly raw: string
  readonly encoding: 'utf8' | 'base64'
  /** Bytes, where `raw` is only the beginning of them; the rest is in the log. */
  readonly size?: number
  /** When it was rejected: ISO 8601, UTC (history). */
  readonly at: string
  readonly retries: number
  /** Orders the list: the position of its rejection. */
  readonly position: number
}

/** The id in a stream's name, `deadletter-<id>`. */
function idOf({ stream }: RecordedEvent): string {
  return stream.slice('deadletter-'.length)
}

function rejected(event: RecordedEvent<RecordRejected>, documents: Documents): void {
  const { deadLetterId: id, kind, reason, detail, raw, encoding, size } = event.data
  const { source = '' } = event.metadata
  const at = formatTimestamp(event.recordedTime)
  const letter: DeadLetter = {
    id,
    kind,
    reason,
    detail,
    source,
    raw,
    encoding,
    ...(size !== undefined && { size }),
    at,
    retries: 0,
    position: event.position,
  }
  documents.put('dead-letters', id, letter)
}

function retryFailed(event: RecordedEvent<RetryFailed>, documents: Documents): void {
  const letter = documents.get<DeadLetter>('dead-letters', idOf(event))
  if (!letter) return
  const { reason, detail } = event.data
  documents.put('dead-letters', letter.id, { ...letter, reason, detail, retries: letter.retries + 1 })
}

/** The records that wait for somebody to look at them: rejected, and not recovered since. */
export const deadLetters: SharedProjection = {
  name: 'dead-letters',
  version: 2,
  categories: ['deadletter'],
  collections: { 'dead-letters': { indexes: { position: ['position'], kind: ['kind', 'position'] } } },
  watches: [],
  sharing: { keyOf: ({ stream }) => stream },
  touch: (event, want) => want('dead-letters', idOf(event)),
  handlers: {
    RecordRejected: (event, documents) => rejected(event as RecordedEvent<RecordRejected>, documents),
    RetryFailed: (event, documents) => retryFailed(event as RecordedEvent<RetryFailed>, documents),
    RecordRecovered: (event, documents) => documents.delete('dead-letters', idOf(event)),
  },
}
