import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/schema'
import type { Agreement } from './agreement.js'
import { ByteCount, Key, Msisdn, Timestamp, TimeZone } from './fields.js'
import { recordParser } from './record-parser.js'
import { assertTimeZone } from './time-zone.js'
import { parseTimestamp } from './timestamp.js'

/** An agreement as it comes in, as JSON. Other fields are ignored. */
export type AgreementInput = Static<typeof AgreementInput>
export const AgreementInput = Type.Object(
  {
    id: Key('The id of the agreement, mostly a UUID.', '0b12c601-9287-3f5c-a78c-df508fe0f889'),
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
