import { compareBytewise } from '../../domain/bytewise.js'
import { InvalidCursor } from '../../read-store/errors.js'
import type { CollectionSpec, Document, IndexValue, Query, Row, RowPage } from '../../read-store/port.js'

/** A value of a key; null where the document does not have the field. */
type KeyValue = IndexValue | null

/** A document under one index: the fields of the index, then the id. */
interface Entry {
  readonly key: readonly KeyValue[]
  readonly row: Row
}

interface Kept {
  readonly row: Row
  /** The values of its indexed fields. */
  readonly fields: Readonly<Record<string, KeyValue>>
}

/** One collection in memory. A page costs a look at every document, so it is for few. */
export class MemoryCollection {
  readonly #indexes: Readonly<Record<string, readonly string[]>>
  readonly #fields: readonly string[]
  readonly #documents: Map<string, Kept>

  constructor(
    private readonly name: string,
    private readonly spec: CollectionSpec,
    documents: ReadonlyMap<string, Kept> = new Map(),
  ) {
    this.#indexes = spec.indexes ?? {}
    this.#fields = [...new Set(Object.values(this.#indexes).flat())]
    this.#documents = new Map(documents)
  }

  get size(): number {
    return this.#documents.size
  }

  /** `undefined` deletes. */
  write(id: string, document: Document | undefined): void {
    if (document === undefined) {
      this.#documents.delete(id)
      return
    }
    const values = document as Readonly<Record<string, IndexValue | null | undefined>>
    const fields = Object.fromEntries(this.#fields.map((field) => [field, values[field] ?? null]))
    this.#documents.set(id, { row: { id, text: JSON.stringify(document) }, fields })
  }

  getMany(ids: readonly string[]): Row[] {
    return [...new Set(ids)].flatMap((id) => this.#documents.get(id)?.row ?? [])
  }

  /** @throws {InvalidCursor} */
  page(query: Query): RowPage {
    const { reverse = false, after, limit } = query
    const list = JSON.stringify([this.name, query.index, query.equals, query.from, query.to, reverse])
    const start = after === undefined ? undefined : keyAt(after, list)
    const direction = reverse ? -1 : 1
    const entries = this.#entries(query)
      .filter(({ key }) => start === undefined || direction * compareKeys(key, start) > 0)
      .sort((a, b) => direction * compareKeys(a.key, b.key))
    const rows = entries.slice(0, limit).map(({ row }) => row)
    const last = entries[limit - 1]
    return entries.length > limit && last ? { rows, next: cursorAt(last.key, list) } : { rows }
  }

  copy(): MemoryCollection {
    return new MemoryCollection(this.name, this.spec, this.#documents)
  }

  /** What a query asks for, in no particular order. */
  #entries({ index, equals = [], from, to }: Query): Entry[] {
    const fields = index === undefined ? [] : this.#indexes[index]
    if (!fields) throw new TypeError(`${this.name} has no index ${index}`)
    const entries: Entry[] = []
    for (const { row, fields: values } of this.#documents.values()) {
      const key = [...fields.map((field) => values[field] ?? null), row.id]
      if (key[0] === null || !equals.every((value, at) => key[at] === value)) continue
      const next = key[equals.length] ?? null
      if (isWithin(next, from, to)) entries.push({ key, row })
    }
    return entries
  }
}

/** A range holds values of the type of its bounds: numbers, or text. What is absent is in none. */
function isWithin(value: KeyValue, from: IndexValue | undefined, to: IndexValue | undefined): boolean {
  if (from !== undefined && (typeof value !== typeof from || compare(value, from) < 0)) return false
  return to === undefined || (typeof value === typeof to && compare(value, to) < 0)
}

function compareKeys(a: readonly KeyValue[], b: readonly KeyValue[]): number {
  for (const [at, value] of a.entries()) {
    const order = compare(value, b[at] ?? null)
    if (order !== 0) return order
  }
  return 0
}

/** What is absent first, then numbers, then text by its bytes. */
function compare(a: KeyValue, b: KeyValue): number {
  if (typeof a === 'string' && typeof b === 'string') return compareBytewise(a, b)
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return rankOf(a) - rankOf(b)
}

function rankOf(value: KeyValue): number {
  if (value === null) return 0
  return typeof value === 'number' ? 1 : 2
}

function cursorAt(key: readonly KeyValue[], list: string): string {
  return Buffer.from(JSON.stringify([list, ...key])).toString('base64url')
}

/** @throws {InvalidCursor} it is none, or one of another list */
function keyAt(cursor: string, list: string): KeyValue[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    throw new InvalidCursor()
  }
  if (!Array.isArray(parsed) || parsed.length < 2 || parsed[0] !== list) throw new InvalidCursor()
  return parsed.slice(1) as KeyValue[]
}
