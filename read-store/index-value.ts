import type { Document, IndexValue } from './port.js'

/**
 * Stands for a field that is absent or null. An index has those first, then numbers, then strings bytewise; −∞ is
 * below all of them, and JSON has no −∞, so no document can hold it.
 */
export const absent = Number.NEGATIVE_INFINITY

/** The value of an indexed field, by which the document is found. */
export function indexValue(document: Document, field: string): IndexValue {
  const value = (document as Record<string, unknown>)[field]
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return absent
  if (typeof value !== 'number') throw new TypeError(`${field} is indexed and is neither string nor number`)
  // As JSON has it, where NaN and the infinities become null.
  return Number.isFinite(value) ? value : absent
}
