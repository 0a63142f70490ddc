import type { BatchStatement, SqlValue } from '../../sqlite/batch.js'
import type { Table } from './table.js'
import { indexValue } from '../index-value.js'
import type { Document, Write } from '../port.js'

/** The statements of one collection's writes, sorted by id: neighbours in the tree share its pages. */
export function statementsOf(table: Table, writes: readonly Write[]): BatchStatement[] {
  const sorted = sortedById(writes)
  // The driver for Node before 24 reads text up to the first U+0000: the document would not be found again.
  if (sorted.some(({ id }) => id.includes('\0')))
    throw new TypeError('an id cannot hold the character U+0000')
  const removed = sorted.filter((write) => write.document === undefined)
  const statements: BatchStatement[] = []
  if (removed.length > 0) statements.push({ sql: table.remove, columns: [removed.map(({ id }) => id)] })
  const puts = sorted.filter(hasDocument)
  const fresh = puts.filter((write) => write.fresh)
  const others = fresh.length > 0 ? puts.filter((write) => !write.fresh) : puts
  if (fresh.length > 0) statements.push({ sql: table.upsert, columns: columnsOf(table, fresh) })
  if (others.length > 0) statements.push({ ...table.put, columns: columnsOf(table, others) })
  return statements
}

function columnsOf(table: Table, puts: readonly Put[]): readonly SqlValue[][] {
  const ids = puts.map(({ id }) => id)
  const texts = puts.map(({ document }) => JSON.stringify(document))
  return [ids, texts, ...table.fields.map((field) => puts.map(({ document }) => indexValue(document, field)))]
}

type Put = Write & { readonly document: Document }

function hasDocument(write: Write): write is Put {
  return write.document !== undefined
}

/** One write for each id, the last. Most callers bring them sorted: that costs a look at each. */
function sortedById(writes: readonly Write[]): readonly Write[] {
  if (writes.every((write, at) => at === 0 || (writes[at - 1]?.id ?? '') < write.id)) return writes
  const last = new Map<string, Write>()
  for (const write of writes) last.set(write.id, write)
  return [...last.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}
