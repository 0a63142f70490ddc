/** What SQLite can store. `undefined` is not among them. */
export type SqlValue = string | number | bigint | null | Uint8Array

/** One parameter of a statement for all rows. Views into a shared buffer carry that whole buffer with them. */
export type Column = readonly SqlValue[] | Float64Array | Int32Array | Uint32Array | BigInt64Array

/** A statement that runs once for each row of its columns, its parameters numbered as the columns. */
export interface BatchStatement {
  readonly sql: string
  /** Equally long. Without any column the statement runs exactly once. */
  readonly columns: readonly Column[]
  /** Runs with the parameters of those rows for which `sql` changed nothing. */
  readonly otherwise?: string
}

/** A statement that must change exactly so many rows, or nothing of its batch is done. */
export interface Guard {
  readonly sql: string
  readonly params: readonly SqlValue[]
  readonly changes: number
}

/** What is written in one transaction: the guard first, then the statements in their order. */
export interface Batch {
  readonly guard?: Guard
  readonly statements: readonly BatchStatement[]
}

/** @throws {TypeError} a statement has columns of different lengths */
export function assertRows({ statements }: Batch): void {
  for (const { sql, columns } of statements) {
    if (columns.some((column) => column.length !== columns[0]?.length))
      throw new TypeError(`columns of different lengths for: ${sql}`)
  }
}

export type Outcome = 'applied' | 'refused'
