import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/schema'
import { billableTypeOf, billableTypes, type BillableEvent } from './billable-event.js'
import { parseEuroAmount } from './euro-amount.js'
import type { Fault } from './fault.js'
import { EuroAmount } from './fields.js'
import { InvalidValue } from './invalid-record.js'
import { recordParser, type Untrusted } from './record-parser.js'

/** The customer is compared as it is written. It stands in names of streams and in addresses, where `.` and `..` go elsewhere. */
const Customer = Type.String({
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

/** The fields of {@link BillableEventInput} that hold exact decimals. */
export const billableDecimals = ['amountEUR'] as const

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
