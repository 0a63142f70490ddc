import { InvalidCursor } from '../../read-store/errors.js'
import type { Amount, Figure } from './explanation.js'
import { cursorAt, placeOf } from '../queries/cursor.js'

/** Where a page of an explanation begins, and what is known by then. */
export interface ExplainedPlace {
  /** The log up to here is explained, on all pages. */
  readonly position: number
  /** Which of the sources; after the last one come the outcomes. */
  readonly source: number
  readonly revision: number
  /** The sum of the pages before, if the figure is one. */
  readonly total?: Amount | undefined
  /** From the first page. */
  readonly figure?: { readonly value?: Amount; readonly events: number }
}

export function beginningOf(position: number): ExplainedPlace {
  return { position, source: 0, revision: 0 }
}

/** The cursor of the page that begins at a place. */
export function placeAfter(
  position: number,
  { source, revision }: Pick<ExplainedPlace, 'source' | 'revision'>,
  total: Amount | undefined,
  { value, events }: Figure,
): string {
  const isSum = total !== undefined && typeof value !== 'object'
  const sums = isSum ? [written(total), written(value)] : ['', '']
  return cursorAt([position, source, revision, events, ...sums])
}

/** @throws {InvalidCursor} */
export function placeOfCursor(cursor: string): ExplainedPlace {
  const place = placeOf(cursor, 'number', 'number', 'number', 'number', 'string', 'string')
  const [position, source, revision, events, total, value] = place
  if (![position, source, revision, events].every((count) => Number.isSafeInteger(count) && count >= 0))
    throw new InvalidCursor()
  if (total === '' && value === '') return { position, source, revision, figure: { events } }
  const figure = { value: readAmount(value), events }
  return { position, source, revision, total: readAmount(total), figure }
}

/** Numbers and digits are told apart: `5` and `"5"`. */
function written(amount: Amount): string {
  return JSON.stringify(amount)
}

function readAmount(text: string): Amount {
  if (!/^(-?\d{1,16}|"-?\d{1,40}(\.\d{1,10})?")$/.test(text)) throw new InvalidCursor()
  return text.startsWith('"') ? text.slice(1, -1) : Number(text)
}
