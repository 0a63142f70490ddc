import type { Event, Metadata, NewEvent } from './event.js'
import { uuidV5Namespace } from './uuid.js'

/** Money that moved. The times are ISO 8601 in UTC, amounts decimal digits. */
export interface Money {
  readonly id: string
  readonly userId: string
  readonly userSessionId?: string
  readonly processedAt: string
  readonly amount: string
  readonly currency: string
  readonly openingBalance: string
  readonly closingBalance: string
  readonly moneyType: string
  readonly isOldMoneyEvent: boolean
}

export type PaymentRecorded = Event<'PaymentRecorded', Money & { readonly paymentRelatedThing?: unknown }>
export type TransactionRecorded = Event<
  'TransactionRecorded',
  Money & { readonly transactionRelatedThing?: unknown }
>
/** Events of the streams `money-<userId>`. */
export type MoneyEvent = PaymentRecorded | TransactionRecorded

/** The fact for the log. The same money always gives the same event id. */
export function moneyRecorded({ type, data }: MoneyEvent, metadata: Metadata): NewEvent<MoneyEvent> {
  return { id: moneyEventId(data.userId, data.id), stream: `money-${data.userId}`, type, data, metadata }
}

/** Who some money is: a UUIDv5 over user and id (docs/semantics.md, Money enrichment: Identity). */
export function moneyEventId(userId: string, id: string): string {
  // A user's id has no slash, so the first one is ours and no two records share a name.
  return recordId(`${userId}/${id}`)
}

/** The namespace of money's ids. Changing it would let all money into the log a second time. */
const recordId = uuidV5Namespace('7b2f9f5e-3f8a-4a35-8f6e-6a9f5f0b7c21')
