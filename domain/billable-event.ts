import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/schema'
import { EuroAmount, parseEuroAmount } from './euro-amount.js'
import type { Event, Metadata, NewEvent } from './event.js'
import { faultCodes, shown, type Fault } from './fault.js'
import { InvalidValue } from './invalid-record.js'
import { recordParser, type Untrusted } from './record-parser.js'
import { uuidV5Namespace } from './uuid.js'

/** What may be billed. */
export const billableTypes = ['MESSAGE', 'DATA', 'CALL', 'PACK', 'MISC'] as const
export type BillableType = (typeof billableTypes)[number]

/** The customer is compared as it is written. It stands in names of streams and in addresses, where `.` and `..` go elsewhere. */
export const Customer = Type.String({
  description:
    'Who is billed: 1 to 200 characters without control characters, and no white space around them.',
  pattern:
    '^(?!\\.{1,2}$)[^\\p{Cc}\\p{Cs}\\p{Z}](?:[^\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}]{0,198}[^\\p{Cc}\\p{Cs}\\p{Z}])?$',
  examples: ['Emma'],
})

/** A billable event as it comes in, as JSON. Other fields are ignored. */
export type BillableEventInput = Static<typeof BillableEventInput>
export const BillableEventInput = Type.Object(
  {
    timestampMs: Type.Integer({
      description: 'When it happened, in milliseconds since 1970.',
      // A day from either end of the years 1 to 9999, so that no zone’s calendar shows another year.
      minimum: -62_135_510_400_000,
      maximum: 253_402_214_399_999,
      examples: [1580515200000],
    }),
    customer: Customer,
    amountEUR: EuroAmount('What it costs, in euros.'),
    type: Type.String({
      description: `One of ${billableTypes.join(', ')}, in any case.`,
      examples: ['DATA'],
    }),
  },
  { description: 'Something that a customer pays for, or gets back.' },
)
const validator = Compile(BillableEventInput)

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
 * Checks a billable event that came in as JSON.
 *
 * @throws {InvalidRecord} with a path for each fault
 */
export const parseBillableEvent: (value: unknown) => BillableEvent = recordParser<
  BillableEventInput,
  BillableEvent
>({
  validator,
  fields: {
    timestampMs: { code: 'invalid-instant' },
    customer: { code: 'invalid-customer' },
    amountEUR: { code: 'invalid-amount', read: parseEuroAmount },
    type: { code: 'invalid-billable-type', read: billableTypeOf },
  },
  together: numberFault,
  build: ({ timestampMs, customer, amountEUR, type }) => {
    const { cents, unrounded } = parseEuroAmount(amountEUR)
    return {
      // JSON has a -0.
      timestampMs: timestampMs + 0,
      customer,
      type: billableTypeOf(type),
      amountCents: cents,
      ...(unrounded === undefined ? {} : { amountEUR: unrounded }),
    }
  },
})

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

/** A number of the right shape may still be no amount. */
function numberFault({ amountEUR }: Untrusted<BillableEventInput>): Fault | undefined {
  if (typeof amountEUR !== 'number') return undefined
  try {
    parseEuroAmount(amountEUR)
    return undefined
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error
    return { path: '/amountEUR', code: error.code, detail: `amountEUR ${error.message}` }
  }
}

/** The namespace of billable events' ids. Changing it would let every event into the log a second time. */
const eventId = uuidV5Namespace('7ac9f5a4-3b1e-5f0c-9d6e-2b84c1f0a937')
