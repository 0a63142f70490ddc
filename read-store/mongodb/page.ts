import type { Filter } from 'mongodb'
import { cursorOf, readCursor } from '../cursor.js'
import { absent, indexValue } from '../index-value.js'
import { indexedPath, rowOf, type StoredDocument } from './document.js'
import type { StoredCollection } from './catalogue.js'
import type { IndexValue, Query, RowPage } from '../port.js'

/** A page's question. It asks for one document more than the page has: if that comes, there is a next page. */
export interface PageQuestion {
  readonly filter: Filter<StoredDocument>
  readonly sort: Record<string, 1 | -1>
  /** The index to walk. The fields of the order are its fields, so that nothing is ever sorted. */
  readonly hint: string | Record<string, 1>
  readonly limit: number
}

/**
 * The question for one page. It starts where the page before ended, so the last page of a long list costs as much as
 * the first, and changing data neither repeats documents nor skips them.
 */
export function pageQuestion(collection: string, stored: StoredCollection, query: Query): PageQuestion {
  const fields = fieldsOf(collection, stored, query)
  const keys = [...fields.map(indexedPath), '_id']
  const equals = query.equals ?? []
  const rest = keys.slice(equals.length)
  const always: Condition[] = equals.map((value, at) => ({ [keys[at] ?? '']: value }))
  // A document without the first field is not in the list.
  const all = query.index !== undefined && equals.length === 0
  if (all) always.push({ [rest[0] ?? '']: { $ne: null } })
  always.push(...rangeOf(rest[0] ?? '_id', query))
  const end = query.after === undefined ? undefined : readCursor(collection, query, query.after, rest.length)
  const direction = query.reverse ? -1 : 1
  return {
    filter: filterOf(always, end ? pastEnd(rest, end, query.reverse === true) : undefined),
    sort: Object.fromEntries(rest.map((key) => [key, direction])),
    hint: query.index ?? { _id: 1 },
    limit: query.limit + 1,
  }
}

/** The page that the documents found make. */
export function pageOf(
  collection: string,
  stored: StoredCollection,
  query: Query,
  found: readonly StoredDocument[],
): RowPage {
  const page = found.slice(0, query.limit)
  const rows = page.map(rowOf)
  const last = page.at(-1)
  if (!last || found.length <= query.limit) return { rows }
  const keys = [...fieldsOf(collection, stored, query).map((field) => indexValue(last.doc, field)), last._id]
  return { rows, next: cursorOf(collection, query, keys.slice(query.equals?.length ?? 0)) }
}

type Condition = Record<string, unknown>

function fieldsOf(collection: string, { indexes }: StoredCollection, query: Query): readonly string[] {
  const fields = query.index === undefined ? [] : indexes.get(query.index)
  if (!fields) throw new TypeError(`collection ${collection} has no index ${query.index}`)
  if ((query.equals?.length ?? 0) > fields.length)
    throw new TypeError(`more values to equal than index fields in a query of ${collection}`)
  return fields
}

/** The alternatives stand at the top, each with all conditions: so each walks the index by itself, in order. */
function filterOf(always: readonly Condition[], alternatives?: Condition[][]): Filter<StoredDocument> {
  const branches = (alternatives ?? [[]]).map((conditions) => allOf([...always, ...conditions]))
  const [only] = branches
  return branches.length === 1 && only ? only : { $or: branches }
}

function allOf(conditions: readonly Condition[]): Condition {
  return conditions.length === 0 ? {} : { $and: conditions }
}

/** The bounds of the next key. A range stays within one type: less than 5 is a number, at least 'a' is text. */
function rangeOf(key: string, { from, to }: Query): Condition[] {
  const bounds: Condition[] = []
  if (from !== undefined) bounds.push({ [key]: { $gte: from } })
  if (to !== undefined) bounds.push({ [key]: { $lt: to } })
  return bounds
}

/**
 * What comes after the end of the page before, compared key by key: the same first keys and a later next one. Each
 * alternative is a stretch of the index; MongoDB compares within a type, so the types that come later are their own.
 */
function pastEnd(keys: readonly string[], end: readonly IndexValue[], reverse: boolean): Condition[][] {
  return keys.flatMap((key, at) => {
    const same = keys.slice(0, at).map((before, i) => ({ [before]: nullIfAbsent(end[i] ?? absent) }))
    return (reverse ? before : after)(key, end[at] ?? absent).map((later) => [...same, later])
  })
}

function after(key: string, end: IndexValue): Condition[] {
  if (end === absent) return [{ [key]: { $ne: null } }]
  const rest = typeof end === 'number' ? [{ [key]: { $gte: '' } }] : []
  return [{ [key]: { $gt: end } }, ...rest]
}

function before(key: string, end: IndexValue): Condition[] {
  if (end === absent) return []
  const rest = typeof end === 'string' ? [{ [key]: { $gte: -Infinity } }] : []
  return key === '_id' ? [{ [key]: { $lt: end } }] : [{ [key]: { $lt: end } }, ...rest, { [key]: null }]
}

function nullIfAbsent(value: IndexValue): IndexValue | null {
  return value === absent ? null : value
}
