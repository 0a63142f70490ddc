import { InvalidCursor } from '../../read-store/errors.js'

interface Kinds {
  string: string
  number: number
}

type PlaceOf<Parts extends readonly (keyof Kinds)[]> = { [Part in keyof Parts]: Kinds[Parts[Part]] }

/** A cursor for a list whose place the read store does not keep: the place after which to go on. */
export function cursorAt(place: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/**
 * The place that a cursor names.
 *
 * @param kinds of its parts
 * @throws {InvalidCursor} it is not such a cursor
 */
export function placeOf<const Parts extends readonly (keyof Kinds)[]>(
  cursor: string,
  ...kinds: Parts
): PlaceOf<Parts> {
  const place = parsed(cursor)
  if (!isPlace(place, kinds)) throw new InvalidCursor()
  return place
}

function isPlace<const Parts extends readonly (keyof Kinds)[]>(
  place: unknown,
  kinds: Parts,
): place is PlaceOf<Parts> {
  return (
    Array.isArray(place) &&
    place.length === kinds.length &&
    kinds.every((kind, i) => typeof place[i] === kind)
  )
}

function parsed(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch (error) {
    if (error instanceof SyntaxError) throw new InvalidCursor()
    throw error
  }
}
