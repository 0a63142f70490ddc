import { parentPort, workerData } from 'node:worker_threads'
import type { Batch, BatchStatement, Outcome, SqlValue } from './batch.js'
import {
  closeDatabase,
  defaultBusyTimeout,
  isBusy,
  isFull,
  openDatabase,
  type OpenOptions,
} from './driver.js'
import { enter, leave } from './exit-gate.js'
import { statementCache } from './statement-cache.js'
import { Turns } from './turns.js'

/** The thread behind `BatchWriter`: owns the connection, applies what it is sent, answers in that order. */

/** What the thread is started with. */
export interface Opening {
  readonly path: string
  readonly options: OpenOptions
  readonly gate: Int32Array
}

export type Request = { readonly type: 'apply'; readonly batch: Batch } | { readonly type: 'close' }

/** One for each request, and one `opened` or `failed` before them all. */
export type Answer = { readonly type: 'opened' | Outcome | 'closed' } | Failure

interface Failure {
  readonly type: 'failed'
  readonly message: string
  readonly busy: boolean
  readonly full: boolean
  readonly sqliteCode?: number
}

/** A call of the driver costs more than a row: so many at a time take less than half as long as one by one. */
const rowsAStatement = 64

const { path, options, gate } = workerData as Opening
answer(() => {
  serve(openDatabase(path, options))
  return 'opened'
})

function serve(database: ReturnType<typeof openDatabase>): void {
  const prepared = statementCache(database)
  const turns = new Turns(database, options.busyTimeout ?? defaultBusyTimeout)
  parentPort?.on('message', (request: Request) => {
    const last = request.type === 'close'
    answer(() => (request.type === 'apply' ? apply(request.batch) : close()))
    if (last) parentPort?.close()
  })

  function apply({ guard, statements }: Batch): Outcome {
    turns.begin()
    try {
      if (guard && prepared(guard.sql).run(...guard.params).changes !== guard.changes) {
        turns.rollback()
        return 'refused'
      }
      for (const statement of statements) run(statement)
      turns.commit()
      return 'applied'
    } catch (error) {
      turns.rollback()
      throw error
    }
  }

  function run(batched: BatchStatement): void {
    const { sql, columns, otherwise } = batched
    const statement = prepared(sql)
    const fallback = otherwise === undefined ? undefined : prepared(otherwise)
    const rows = columns[0]?.length ?? 1
    const row: SqlValue[] = columns.map(() => null)
    for (let at = insertMany(batched, rows); at < rows; at++) {
      for (let column = 0; column < row.length; column++) row[column] = columns[column]?.[at] ?? null
      const { changes } = statement.run(...row)
      if (changes === 0) fallback?.run(...row)
    }
  }

  /** Inserts rows {@link rowsAStatement} at a time while there are as many, and answers how many they were. */
  function insertMany({ sql, columns, otherwise }: BatchStatement, rows: number): number {
    if (rows < rowsAStatement || otherwise !== undefined) return 0
    const tuple = `(${columns.map(() => '?').join(', ')})`
    const many = sql.replace(`VALUES ${tuple}`, `VALUES ${Array(rowsAStatement).fill(tuple).join(', ')}`)
    if (many === sql) return 0
    const statement = prepared(many)
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

  function close(): 'closed' {
    closeDatabase(database)
    return 'closed'
  }
}

function answer(act: () => Exclude<Answer['type'], 'failed'>): void {
  if (!enter(gate)) return
  let given: Answer
  try {
    given = { type: act() }
  } catch (error) {
    const { message, errcode } = error as { message: string; errcode?: number }
    given = {
      type: 'failed',
      message,
      busy: isBusy(error),
      full: isFull(error),
      ...(errcode !== undefined && { sqliteCode: errcode }),
    }
  }
  leave(gate)
  parentPort?.postMessage(given)
}
