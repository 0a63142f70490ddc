import { Type } from 'typebox'

/**
 * A subscriber's number: decimal digits only, as text. It is compared as it is written, so there is one way to write
 * it: no `+`, no spaces, and not a JSON number, which would lose leading zeros.
 */
export const Msisdn = Type.String({
  description: 'The number of a subscriber, digits only.',
  pattern: '^[0-9]{1,20}$',
  examples: ['48917846822'],
})
