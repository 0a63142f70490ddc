import { createHash } from 'node:crypto'
import { absent } from './index-value.js'
import { InvalidCursor } from './errors.js'
import type { IndexValue, Query } from './port.js'

/**
 * A cursor holds where a page ended (the index values after `equals`, then the id), and which list it was a
 * page of. It says nothing about the build: paging goes on when a projection has been rebuilt meanwhile.
 */
export function cursorOf(collection: string, query: Query, end: readonly IndexValue[]): string {
  const keys = end.map((key) => (key === absent ? null : key))
  return Buffer.from(JSON.stringify([listOf(collection, query), ...keys])).toString('base64url')
}

/**
 * Where the page before ended: `length` index values, the last one the id.
 *
 * @throws {InvalidCursor}
 */
export function readCursor(collection: string, query: Query, cursor: string, length: number): IndexValue[] {
  const [list, ...keys] = parsed(cursor)
  if (list !== listOf(collection, query) || keys.length !== length) throw new InvalidCursor()
  if (typeof keys.at(-1) !== 'string') throw new InvalidCursor()
  return keys.map((key) => {
    if (key === null) return absent
    if (typeof key !== 'string' && typeof key !== 'number') throw new InvalidCursor()
    return key
  })
}

function parsed(cursor: string): unknown[] {
  try {
    const content: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(content)) return content
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new InvalidCursor()
}

function listOf(collection: string, { index, equals, reverse }: Query): string {
  const list = JSON.stringify([collection, index ?? null, equals ?? [], reverse ?? false])
  return createHash('sha256').update(list).digest('base64url').slice(0, 8)
}
