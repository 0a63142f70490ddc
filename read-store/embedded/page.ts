import { cursorOf, readCursor } from '../cursor.js'
import { absentSql, columnOf, inIndex, type Table } from './table.js'
import { indexValue } from '../index-value.js'
import type { Document, IndexValue, Query, Row, RowPage } from '../port.js'

/** A page's statement. It asks for one row more than the page has: if that comes, there is a next page. */
export interface PageStatement {
  readonly sql: string
  readonly params: readonly (IndexValue | null)[]
}

/**
 * The statement for one page. It starts where the page before ended, by comparing rows of keys, so the last
 * page of a long list costs as much as the first and changing data neither repeats rows nor skips them.
 */
export function pageStatement(collection: string, table: Table, query: Query): PageStatement {
  const index = indexOf(collection, table, query)
  const equals = query.equals ?? []
  const rest = keysOf(index?.fields ?? []).slice(equals.length)
  const direction = query.reverse ? 'DESC' : 'ASC'
  const where = [
    ...(index ? [inIndex(index)] : []),
    ...keysOf(index?.fields ?? [])
      .slice(0, equals.length)
      .map((key) => `${key} = ?`),
    ...(query.after === undefined ? [] : [pastEnd(rest, query)]),
    ...rangeOf(rest[0] ?? 'id', query),
  ]
  const end = query.after === undefined ? [] : readCursor(collection, query, query.after, rest.length)
  return {
    sql: `SELECT id, doc AS text FROM ${table.name}${index ? ` INDEXED BY ${index.name}` : ''}
      WHERE ${where.length > 0 ? where.join(' AND ') : 'TRUE'}
      ORDER BY ${rest.map((key) => `${key} ${direction}`).join(', ')} LIMIT ?`,
    params: [
      ...equals,
      ...end,
      ...(query.from === undefined ? [] : [query.from]),
      ...(query.to === undefined ? [] : [query.to]),
      query.limit + 1,
    ],
  }
}

/** The page that the statement's rows make. */
export function pageOf(collection: string, table: Table, query: Query, found: readonly Row[]): RowPage {
  const rows = found.slice(0, query.limit).map(({ id, text }) => ({ id, text }))
  const last = rows.at(-1)
  if (!last || found.length <= query.limit) return { rows }
  const fields = indexOf(collection, table, query)?.fields ?? []
  const document = fields.length > 0 ? (JSON.parse(last.text) as Document) : {}
  const keys = [...fields.map((field) => indexValue(document, field)), last.id]
  return { rows, next: cursorOf(collection, query, keys.slice(query.equals?.length ?? 0)) }
}

function indexOf(collection: string, table: Table, query: Query) {
  const index = query.index === undefined ? undefined : table.indexes.get(query.index)
  if (query.index !== undefined && !index) {
    throw new TypeError(`collection ${collection} has no index ${query.index}`)
  }
  if ((query.equals?.length ?? 0) > (index?.fields.length ?? 0)) {
    throw new TypeError(`more values to equal than index fields in a query of ${collection}`)
  }
  return index
}

function keysOf(fields: readonly string[]): string[] {
  return [...fields.map(columnOf), 'id']
}

function pastEnd(keys: readonly string[], { reverse }: Query): string {
  const params = keys.map(() => '?').join(', ')
  return `(${keys.join(', ')}) ${reverse ? '<' : '>'} (${params})`
}

/**
 * The bounds of the next key. A range stays within one type, as MongoDB's do: less than 5 is a number, at
 * least 'a' is a string. On the side where a cursor stands already, the unary plus keeps SQLite from
 * starting at the bound and walking up to the cursor.
 */
function rangeOf(key: string, { from, to, reverse, after }: Query): string[] {
  const lower = `${after !== undefined && !reverse ? '+' : ''}${key}`
  const upper = `${after !== undefined && reverse ? '+' : ''}${key}`
  const bounds: string[] = []
  if (from !== undefined) bounds.push(`${lower} >= ?`)
  if (to !== undefined) bounds.push(`${upper} < ?`)
  if (typeof from === 'number' && typeof to !== 'number') bounds.push(`${upper} < ''`)
  if (typeof to === 'number' && typeof from !== 'number') bounds.push(`${lower} > ${absentSql}`)
  if (typeof to === 'string' && typeof from !== 'string') bounds.push(`${lower} >= ''`)
  return bounds
}
