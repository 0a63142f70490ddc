import type { Document, IndexValue } from './port.js'

/**
 * How index values are stored. SQLite orders them numbers first, then strings bytewise; a field that is
 * absent or null is kept as −∞, below all of them, because a comparison of rows with NULL is never true and
 * paging through an index compares rows. JSON has no −∞, so no document can hold it.
 */
export const absent = Number.NEGATIVE_INFINITY

/** −∞ as SQL has it. */
export const absentSql = '-9e999'

/** The value of an indexed field, as stored. */
export function indexValue(document: Document, field: string): IndexValue {
  const value = (document as Record<string, unknown>)[field]
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return absent
  if (typeof value !== 'number') throw new TypeError(`${field} is indexed and is neither string nor number`)
  // As JSON has it, where NaN and the infinities become null.
  return Number.isFinite(value) ? value : absent
}
