import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/schema'
import { ByteCount } from './bytes.js'
import type { Event, Metadata, NewEvent } from './event.js'
import { Msisdn } from './msisdn.js'
import { recordParser } from './record-parser.js'
import { assertTimeZone, TimeZone } from './time-zone.js'
import { formatTimestamp, parseTimestamp, Timestamp } from './timestamp.js'
import { uuidV5Namespace } from './uuid.js'

/** An agreement as it comes in, as JSON. Other fields are ignored. */
export type AgreementInput = Static<typeof AgreementInput>
export const AgreementInput = Type.Object(
  {
    id: Type.String({
      description: 'The id of the agreement: printable characters without spaces and `/`. Mostly a UUID.',
      pattern: '^[^\\p{Cc}\\p{Cs}\\p{Z}/]{1,200}$',
      examples: ['0b12c601-9287-3f5c-a78c-df508fe0f889'],
    }),
    msisdn: Msisdn,
    signedAt: Timestamp('When it was signed.'),
    serviceStartAt: Timestamp('From when on it applies.'),
    billingPeriodTimeZone: TimeZone('On whose clock its billing periods are calendar months.'),
    maxBytesInBillingPeriod: ByteCount(
      'How many bytes a billing period has: reaching them exceeds the plan.',
      5368709120,
    ),
  },
  { description: 'A data plan that a subscriber has agreed to.' },
)

const validator = Compile(AgreementInput)

/** An agreement that has been checked. Times are milliseconds since 1970. */
export interface Agreement {
  readonly id: string
  readonly msisdn: string
  readonly signedAt: number
  readonly serviceStartAt: number
  readonly billingPeriodTimeZone: string
  readonly maxBytesInBillingPeriod: number
}

/** A subscriber has agreed to a data plan. Times are ISO 8601 in UTC. */
export type AgreementSigned = Event<
  'AgreementSigned',
  {
    readonly agreementId: string
    readonly msisdn: string
    readonly signedAt: string
    readonly serviceStartAt: string
    readonly billingPeriodTimeZone: string
    readonly maxBytesInBillingPeriod: number
  }
>

/**
 * Checks an agreement that came in as JSON.
 *
 * @throws {InvalidRecord} with a path for each fault
 */
export const parseAgreement: (value: unknown) => Agreement = recordParser<AgreementInput, Agreement>({
  validator,
  fields: {
    id: { code: 'invalid-id' },
    msisdn: { code: 'invalid-msisdn' },
    signedAt: { code: 'invalid-timestamp', read: parseTimestamp },
    serviceStartAt: { code: 'invalid-timestamp', read: parseTimestamp },
    billingPeriodTimeZone: { code: 'invalid-time-zone', read: assertTimeZone },
    maxBytesInBillingPeriod: { code: 'invalid-bytes' },
  },
  build: (input) => {
    assertTimeZone(input.billingPeriodTimeZone)
    return {
      id: input.id,
      msisdn: input.msisdn,
      signedAt: parseTimestamp(input.signedAt),
      serviceStartAt: parseTimestamp(input.serviceStartAt),
      billingPeriodTimeZone: input.billingPeriodTimeZone,
      // JSON has a -0.
      maxBytesInBillingPeriod: input.maxBytesInBillingPeriod + 0,
    }
  },
})

/** The fact for the log. An agreement is signed once, so its event's id depends on its own id alone. */
export function agreementSigned(agreement: Agreement, metadata: Metadata): NewEvent<AgreementSigned> {
  return {
    id: eventId(agreement.id),
    stream: `agreement-${agreement.id}`,
    type: 'AgreementSigned',
    data: {
      agreementId: agreement.id,
      msisdn: agreement.msisdn,
      signedAt: formatTimestamp(agreement.signedAt),
      serviceStartAt: formatTimestamp(agreement.serviceStartAt),
      billingPeriodTimeZone: agreement.billingPeriodTimeZone,
      maxBytesInBillingPeriod: agreement.maxBytesInBillingPeriod,
    },
    metadata,
  }
}

/** The agreement that an event tells of. */
export function agreementOf(data: AgreementSigned['data']): Agreement {
  return {
    id: data.agreementId,
    msisdn: data.msisdn,
    signedAt: parseTimestamp(data.signedAt),
    serviceStartAt: parseTimestamp(data.serviceStartAt),
    billingPeriodTimeZone: data.billingPeriodTimeZone,
    maxBytesInBillingPeriod: data.maxBytesInBillingPeriod,
  }
}

/** The namespace of agreements' event ids. Changing it would let every agreement into the log a second time. */
const eventId = uuidV5Namespace('2f607994-152a-4bf5-b902-b2be7659cbee')
