import { absent, indexValue } from '../index-value.js'
import type { Document, Row } from '../port.js'

/**
 * How a document lies in MongoDB: as itself, under `doc`, so that it can be browsed and its fields be indexed. One
 * that would not come back byte for byte lies as its JSON in `text`, and `doc` has its indexed fields only.
 */
export interface StoredDocument {
  readonly _id: string
  readonly doc: Readonly<Record<string, unknown>>
  readonly text?: string
}

/**
 * A copy of the document as it is stored: the caller may change his own afterwards.
 *
 * @param fields the indexed ones
 * @throws {TypeError} an indexed field is neither string nor number, or the document is no JSON
 */
export function storedDocument(id: string, document: Document, fields: readonly string[]): StoredDocument {
  const keys = fields.map((field) => indexValue(document, field))
  const doc = Array.isArray(document) ? unsuited : copyOf(document, 1)
  if (doc !== unsuited) return { _id: id, doc: doc as Record<string, unknown> }
  const known: Record<string, unknown> = {}
  for (const [at, field] of fields.entries()) if (keys[at] !== absent) known[field] = keys[at]
  return { _id: id, doc: known, text: JSON.stringify(document) }
}

export function rowOf({ _id, doc, text }: StoredDocument): Row {
  return { id: _id, text: text ?? JSON.stringify(doc) }
}

/** BSON cannot hold it, or the server or its driver would take it for something else. */
const unsuited = Symbol('unsuited')

/** The server takes 100 levels; some are around the document. */
const deepest = 90

/** The value as JSON has it. Numbers are doubles there and here; text of UTF-8 has no half of a surrogate pair. */
function copyOf(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? value : unsuited
    case 'number':
      return Number.isFinite(value) ? value : null
    case 'boolean':
      return value
    case 'object':
      if (value === null) return null
      if (depth > deepest) return unsuited
      return Array.isArray(value) ? copyOfArray(value, depth) : copyOfObject(value, depth)
    default:
      return unsuited
  }
}

function copyOfArray(values: readonly unknown[], depth: number): unknown {
  const copies: unknown[] = []
  for (const value of values) {
    const copy = copyOf(value ?? null, depth + 1)
    if (copy === unsuited) return unsuited
    copies.push(copy)
  }
  return copies
}

function copyOfObject(value: object, depth: number): unknown {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return unsuited
  const copies: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const field = (value as Record<string, unknown>)[key]
    if (field === undefined) continue
    const copy = isOdd(key) ? unsuited : copyOf(field, depth + 1)
    if (copy === unsuited) return unsuited
    copies[key] = copy
  }
  return copies
}

/**
 * Keys that mean something to MongoDB (`$…`), to its driver (`_bsontype`) or to JavaScript (`__proto__`; of an array
 * named `constructor` the driver gives the bytes), or that BSON, where a key ends with U+0000, cannot hold.
 */
function isOdd(key: string): boolean {
  return (
    key === '' ||
    key.startsWith('$') ||
    key === '_bsontype' ||
    key in Object.prototype ||
    key.includes('\0') ||
    !key.isWellFormed()
  )
}

/**
 * Whether an index can be made on a field: it is a path to the server.
 *
 * @throws {TypeError} it cannot
 */
export function indexedPath(field: string): string {
  if (isOdd(field) || field.includes('.')) throw new TypeError(`MongoDB cannot index a field named ${field}`)
  return `doc.${field}`
}
