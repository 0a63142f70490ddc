import type { SessionFacts } from '../domain/enriched-money.js'
import type { Metadata, RecordedEvent } from '../domain/event.js'
import type { Documents } from './projection.js'

/**
 * What an event changes for money that is there already. It holds everything that the change depends on, as it was
 * right after the event: so it does not matter when it is carried out, only that corrections are carried out in their
 * order (docs/decisions/0009-corrections.md).
 */
export type Correction = SessionCorrection | UserCorrection | FirstCorrection

/** More is known of a session: for all money that names it. */
export interface SessionCorrection {
  readonly type: 'session'
  readonly sessionId: string
  readonly created: SessionFacts['created']
  readonly lookup: SessionFacts['lookup']
}

/** A user had another value from one time on and up to another (epoch milliseconds; null: for ever). */
export type UserCorrection = {
  readonly type: 'user'
  readonly userId: string
  readonly from: number
  readonly to: number | null
} & (
  | { readonly field: 'birthYear'; readonly value: number }
  | { readonly field: 'residentCountryCode'; readonly value: string }
)

/** Some money is the first of its type no longer. */
export interface FirstCorrection {
  readonly type: 'first'
  readonly id: string
  readonly page: string
}

/** A correction that waits for its turn. */
export interface QueuedCorrection {
  readonly correction: Correction
  /** Where the event that caused it stands: money that came after it knows already. */
  readonly position: number
  readonly cause: Metadata
  /** How far it has been carried out: the list of pages that is next, or the page that was last. */
  readonly done?: number | string
}

export interface CorrectionQueue {
  readonly waiting: QueuedCorrection[]
}

/** The queue's document, of which there is one. */
export const correctionQueueId = 'corrections'

export function correctionsOf(documents: Pick<Documents, 'get'>): readonly QueuedCorrection[] {
  return documents.get<CorrectionQueue>('work', correctionQueueId)?.waiting ?? []
}

/** Has money corrected that came before an event. */
export function correct(documents: Documents, event: RecordedEvent, correction: Correction): void {
  const queue = documents.get<CorrectionQueue>('work', correctionQueueId) ?? { waiting: [] }
  queue.waiting.push({ correction, position: event.position, cause: causeOf(event) })
  documents.put('work', correctionQueueId, queue)
}

/** What is said of what an event has caused. */
export function causeOf({ id, metadata }: RecordedEvent): Metadata {
  const { correlationId } = metadata
  return correlationId === undefined ? { causationId: id } : { correlationId, causationId: id }
}

export function putCorrections(documents: Documents, waiting: QueuedCorrection[]): void {
  documents.put('work', correctionQueueId, { waiting } satisfies CorrectionQueue)
}
