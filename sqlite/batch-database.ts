import type { Batch, BatchStatement, Outcome, SqlValue } from './batch.js'
import { closeDatabase, defaultBusyTimeout, openDatabase, type Database, type OpenOptions } from './driver.js'
import { statementCache } from './statement-cache.js'
import { Turns } from './turns.js'

/** A call of the driver costs more than a row: so many at a time take less than half as long as one by one. */
const rowsAStatement = 64

/** A database that batches are applied to, on the thread that opened it. */
export class BatchDatabase {
  private readonly database: Database
  private readonly prepared: ReturnType<typeof statementCache>
  private readonly turns: Turns

  /** @throws what {@link openDatabase} throws */
  constructor(path: string, options: OpenOptions) {
    this.database = openDatabase(path, options)
    this.prepared = statementCache(this.database)
    this.turns = new Turns(this.database, options.busyTimeout ?? defaultBusyTimeout)
  }

  /**
   * All of a batch or nothing, in a transaction.
   *
   * @param wait whether to wait for another process that is writing. If not, undefined says that one is.
   * @throws {Error} what SQLite says; "database is locked" after `busyTimeout`
   */
  apply(batch: Batch): Outcome
  apply(batch: Batch, wait: false): Outcome | undefined
  apply({ guard, statements }: Batch, wait = true): Outcome | undefined {
    if (wait) this.turns.begin()
    else if (!this.turns.tryBegin()) return undefined
    try {
      if (guard && this.prepared(guard.sql).run(...guard.params).changes !== guard.changes) {
        this.turns.rollback()
        return 'refused'
      }
      for (const statement of statements) this.run(statement)
      this.turns.commit()
      return 'applied'
    } catch (error) {
      this.turns.rollback()
      throw error
    }
  }

  /** Copies the write-ahead log back, if nobody is in the way. */
  close(): void {
    closeDatabase(this.database)
  }

  private run(batched: BatchStatement): void {
    const { sql, columns, otherwise } = batched
    const statement = this.prepared(sql)
    const fallback = otherwise === undefined ? undefined : this.prepared(otherwise)
    const rows = rowsOf(batched)
    const row: SqlValue[] = columns.map(() => null)
    for (let at = this.insertMany(batched, rows); at < rows; at++) {
      for (let column = 0; column < row.length; column++) row[column] = columns[column]?.[at] ?? null
      const { changes } = statement.run(...row)
      if (changes === 0) fallback?.run(...row)
    }
  }

  /** Inserts rows {@link rowsAStatement} at a time while there are as many, and answers how many they were. */
  private insertMany({ sql, columns, otherwise }: BatchStatement, rows: number): number {
    if (rows < rowsAStatement || otherwise !== undefined) return 0
    const tuple = `(${columns.map(() => '?').join(', ')})`
    const many = sql.replace(`VALUES ${tuple}`, `VALUES ${Array(rowsAStatement).fill(tuple).join(', ')}`)
    if (many === sql) return 0
    const statement = this.prepared(many)
    const values: SqlValue[] = Array<SqlValue>(rowsAStatement * columns.length).fill(null)
    let at = 0
    for (; at + rowsAStatement <= rows; at += rowsAStatement) {
      for (let value = 0, row = at; row < at + rowsAStatement; row++) {
        for (const column of columns) values[value++] = column[row] ?? null
      }
      statement.run(...values)
    }
    return at
  }
}

/** How often a statement of a batch runs. */
export function rowsOf({ columns }: BatchStatement): number {
  return columns[0]?.length ?? 1
}
