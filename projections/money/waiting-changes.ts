import { causedBy } from '../../domain/cause.js'
import type { SessionFacts } from '../../domain/enriched-money.js'
import type { Metadata, RecordedEvent } from '../../domain/event.js'
import type { Documents } from '../projection.js'

/**
 * What an event changes about money that is kept. It holds everything that the change depends on, as it was right after
 * the event: so it does not matter when it is carried out, only that changes are carried out in their order
 * (docs/decisions/0009-late-corrections.md).
 */
export type MoneyChange = NewMoney | SessionChange | UserChange | FirstChange

/** There is new money: it is to be published. */
export interface NewMoney {
  readonly type: 'new'
  readonly page: string
}

/** More is known of a session: for all money that names it. */
export interface SessionChange extends SessionFacts {
  readonly type: 'session'
  readonly sessionId: string
}

/** A user had another value from one time on and up to another (epoch milliseconds; null: for ever). */
export type UserChange = {
  readonly type: 'user'
  readonly userId: string
  readonly from: number
  readonly to: number | null
} & (
  | { readonly field: 'birthYear'; readonly value: number }
  | { readonly field: 'residentCountryCode'; readonly value: string }
)

/** Some money is the first of its type no longer. */
export interface FirstChange {
  readonly type: 'first'
  readonly id: string
  readonly page: string
}

/** A change that waits for its turn. */
export interface WaitingChange {
  readonly change: MoneyChange
  /** Where the event that caused it stands: money that came after it knows already. */
  readonly position: number
  readonly cause: Metadata
  /** How far it has been carried out: the list of pages that is next, or where the pages go on. */
  readonly done?: number | string
}

interface WaitingChanges {
  readonly changes: WaitingChange[]
}

/** The collection and the one document in which changes wait. */
export const waitingChanges = 'waiting-changes'
export const waitingChangesId = 'money'

/** The changes that wait, in their order. */
export function changesOf(documents: Pick<Documents, 'get'>): readonly WaitingChange[] {
  return documents.get<WaitingChanges>(waitingChanges, waitingChangesId)?.changes ?? []
}

/** Has a change carried out after all that wait already. */
export function change(documents: Documents, event: RecordedEvent, what: MoneyChange): void {
  const waiting = documents.get<WaitingChanges>(waitingChanges, waitingChangesId) ?? { changes: [] }
  waiting.changes.push({ change: what, position: event.position, cause: causedBy(event) })
  documents.put(waitingChanges, waitingChangesId, waiting)
}

export function putChanges(documents: Documents, changes: WaitingChange[]): void {
  documents.put(waitingChanges, waitingChangesId, { changes } satisfies WaitingChanges)
}
