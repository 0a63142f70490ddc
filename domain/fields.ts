import { Type } from 'typebox'
import { fractionDigits, wholeDigits } from './decimal.js'

/**
 * How fields of inputs are declared, where several kinds of records have such fields or their values have functions of
 * their own. A schema says what a field looks like; what it means is for those functions to say. They stand in other
 * files, because TypeBox takes a while to load and only what takes records in needs it.
 */

/**
 * The schema of an id that names a stream and stands in addresses: printable characters without spaces and `/`.
 * `.` and `..` mean something else in an address.
 */
export function Key(meaning: string, example: string) {
  return Type.String({
    description: `${meaning} Printable characters without spaces and \`/\`.`,
    pattern: '^(?!\\.{1,2}$)[^\\p{Cc}\\p{Cs}\\p{Z}/]{1,200}$',
    examples: [example],
  })
}

/** The schema of a short text that is taken as it is, such as a country code or a type of money. */
export function Label(meaning: string, example: string) {
  return Type.String({
    description: `${meaning} Without control characters.`,
    pattern: '^[^\\p{Cc}\\p{Cs}]{1,200}$',
    examples: [example],
  })
}

/**
 * The schema of a subscriber's number: decimal digits only, as text. It is compared as it is written, so there is one
 * way to write it: no `+`, no spaces, and not a JSON number, which would lose leading zeros.
 */
export const Msisdn = Type.String({
  description: 'The number of a subscriber, digits only.',
  pattern: '^[0-9]{1,20}$',
  examples: ['48917846822'],
})

/** The schema of a number of bytes as one record or agreement states it. */
export function ByteCount(meaning: string, example: number) {
  return Type.Integer({
    description: meaning,
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    examples: [example],
  })
}

/** The schema of a field that holds an instant. What the text means is for `parseTimestamp` to say. */
export function Timestamp(meaning: string) {
  return Type.String({
    description:
      `${meaning} ISO 8601 with date, \`T\`, time and offset; seconds and their fraction (whole milliseconds) may be ` +
      'left out, and a time zone in brackets may follow, as in RFC 9557.',
    examples: ['2020-01-02T00:00+01:00[Europe/Warsaw]', '2020-01-10T23:00:00Z'],
  })
}

/** The schema of a record of a mixed source whose type is none of ours. */
export const AnyOtherType = Type.Object(
  { type: Type.String() },
  { description: 'Any other type carries nothing for us, but that its `processedAt` may move the clock.' },
)

/** The schema of a field that names a time zone. Whether there is one of that name is for `isTimeZone` to say. */
export function TimeZone(meaning: string) {
  return Type.String({ description: `${meaning} A name of the IANA database.`, examples: ['Europe/Warsaw'] })
}

/** The schema of an amount: a decimal as text, or a JSON number. Whether that is exact is for `decimalOf` to say. */
export function Decimal(meaning: string) {
  const pattern = `^-?(0|[1-9][0-9]{0,${wholeDigits - 1}})(\\.[0-9]{1,${fractionDigits}})?$`
  return Type.Union([Type.String({ pattern }), Type.Number()], {
    description:
      `${meaning} A decimal as text, kept as it is written; or a JSON number, which becomes its shortest decimal ` +
      `(\`12.50\` becomes \`12.5\`).`,
    examples: ['12.34'],
  })
}

/** The schema of an amount of euros. What it comes to in cents is for `parseEuroAmount` to say. */
export function EuroAmount(meaning: string) {
  return Type.Unsafe<string | number>({
    type: ['string', 'number'],
    description:
      `${meaning} A decimal, of either sign, that is rounded away from zero to the cent. As text: digits, then ` +
      'perhaps a point and more digits, 200 characters at most. As a number: the digits of its literal count, all of them.',
    examples: ['12.345', 0.05],
  })
}
