import { Type } from 'typebox'

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
