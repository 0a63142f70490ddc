import type { Event, Metadata, NewEvent } from './event.js'
import { faultCodes, shown } from './fault.js'
import { InvalidValue } from './invalid-record.js'
import { uuidV5Namespace } from './uuid.js'

/** What may be billed. */
export const billableTypes = ['MESSAGE', 'DATA', 'CALL', 'PACK', 'MISC'] as const
export type BillableType = (typeof billableTypes)[number]

/** A billable event that has been checked. */
export interface BillableEvent {
  /** Milliseconds since 1970. */
  readonly timestampMs: number
  readonly customer: string
  readonly type: BillableType
  /** Rounded away from zero; a safe integer. */
  readonly amountCents: number
  /** The amount as it was written, where it was finer than a cent. */
  readonly amountEUR?: string
}

/** Something that a customer pays for has happened. */
export type BillableEventRecorded = Event<'BillableEventRecorded', BillableEvent>

/**
 * The fact for the log. A billable event has no id of its own: it is the record at its source's coordinate, and nothing
 * else, so two that say the same are two (docs/semantics.md, Live billing: Identity).
 */
export function billableEventRecorded(
  billed: BillableEvent,
  metadata: Metadata & { readonly source: string },
): NewEvent<BillableEventRecorded> {
  return {
    id: eventId(metadata.source),
    stream: `customer-${billed.customer}`,
    type: 'BillableEventRecorded',
    data: billed,
    metadata,
  }
}

/** The spellings that were seen of the types: there are some 200, since only ASCII is taken. */
const spellings = new Map<string, BillableType>()

/** @throws {InvalidValue} there is no such type */
export function billableTypeOf(text: string): BillableType {
  const known = spellings.get(text)
  if (known) return known
  // Letters such as the dotless i become ASCII in upper case.
  const found = /^[A-Za-z]+$/.test(text) && billableTypes.find((type) => type === text.toUpperCase())
  if (!found) {
    throw new InvalidValue(
      'invalid-billable-type',
      `${shown(text)} is not one: ${faultCodes['invalid-billable-type']}`,
    )
  }
  spellings.set(text, found)
  return found
}

/** The namespace of billable events' ids. Changing it would let every event into the log a second time. */
const eventId = uuidV5Namespace('7ac9f5a4-3b1e-5f0c-9d6e-2b84c1f0a937')
