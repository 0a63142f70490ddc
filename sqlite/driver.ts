import { createRequire } from 'node:module'
import type { DatabaseSyncInstance, DatabaseSyncOptions, StatementSyncInstance } from '@photostructure/sqlite'
import { CannotOpen, DiskFull, NotADatabase } from './errors.js'

/** An open connection. It belongs to the thread that opened it. */
export type Database = DatabaseSyncInstance
export type Statement = StatementSyncInstance

export interface OpenOptions {
  /** Never writes, but reads beside a process that does. The file must exist. Default false. */
  readonly readOnly?: boolean
  /**
   * When a commit is safe. `FULL`: once it returns, also from power loss. `NORMAL`: from a crash of the
   * process; power loss may take the last commits, never half of one. `OFF`: for files nobody needs twice.
   */
  readonly synchronous?: 'FULL' | 'NORMAL' | 'OFF'
  /** Memory for pages of the file, in KiB. Default 16 MiB. */
  readonly cacheKiB?: number
  /** Bytes a page; takes effect when the file is created. Default 4096. */
  readonly pageSize?: number
  /**
   * Pages in the write-ahead log before a commit copies them back and the log is used from its start
   * again. Default 4000: with 1000, inserts took 10 % and updates 6 % longer; without a limit the log
   * grows, and a page at the end of a growing file costs nine times one that is overwritten.
   */
  readonly walPages?: number
  /**
   * Bytes of the file to map into memory. Default 0: a page is copied into the cache instead. Mapped, a count of
   * 300,000 rows takes 1 to 5 ms instead of 20 to 70. Only for files that never shrink, and these do not.
   */
  readonly mappedBytes?: number
  /** How long to wait for another connection's lock, in milliseconds. Default 5000. */
  readonly busyTimeout?: number
}

export const defaultBusyTimeout = 5000

/**
 * Opens a database in write-ahead mode, so that readers and a writer do not wait for each other.
 *
 * @throws {NotADatabase}
 * @throws {CannotOpen}
 * @throws {DiskFull}
 * @throws {Error} it stayed locked for `busyTimeout`
 */
export function openDatabase(path: string, options: OpenOptions = {}): Database {
  const readOnly = options.readOnly ?? false
  const timeout = options.busyTimeout ?? defaultBusyTimeout
  const database = create(path, { readOnly, timeout })
  try {
    database.exec(`PRAGMA cache_size = -${options.cacheKiB ?? 16_384}`)
    database.exec(`PRAGMA mmap_size = ${options.mappedBytes ?? 0}`)
    if (readOnly) {
      database.exec('PRAGMA query_only = ON')
    } else {
      database.exec(`PRAGMA page_size = ${options.pageSize ?? 4096}`)
      useWriteAheadLog(database, timeout)
      database.exec(`PRAGMA synchronous = ${options.synchronous ?? 'FULL'}`)
      database.exec(`PRAGMA wal_autocheckpoint = ${options.walPages ?? 4000}`)
    }
    return database
  } catch (error) {
    database.close()
    throw told(error, path)
  }
}

/** What keeps a file from being opened, in words that name it. */
function told(error: unknown, path: string): unknown {
  if (isNoDatabase(error)) return new NotADatabase(path, { cause: error })
  if (isFull(error)) return new DiskFull(path, { cause: error })
  return isForbidden(error) ? new CannotOpen(path, { cause: error }) : error
}

/**
 * Closes a connection; a writer first copies its write-ahead log back, unless a reader is in the way or the disk is full:
 * nothing is lost then, the next opening reads it.
 */
export function closeDatabase(database: Database): void {
  try {
    const { query_only: readOnly } = database.prepare('PRAGMA query_only').get() as { query_only: number }
    if (readOnly === 1) return
    database.exec('PRAGMA busy_timeout = 100')
    database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
  } catch (error) {
    if (!isFull(error)) throw error
  } finally {
    database.close()
  }
}

/**
 * SQLite is part of Node from 24 on; before, a package brings the same API with it. Loaded by need, because
 * merely importing `node:sqlite` fails on Node 20 and warns on 22.
 */
type Driver = { readonly DatabaseSync: new (path: string, options: DatabaseSyncOptions) => Database }
const builtIn = Number.parseInt(process.versions.node, 10) >= 24
const driver: unknown = createRequire(import.meta.url)(builtIn ? 'node:sqlite' : '@photostructure/sqlite')
const { DatabaseSync } = driver as Driver

function create(path: string, options: DatabaseSyncOptions): Database {
  try {
    return new DatabaseSync(path, options)
  } catch (error) {
    throw told(error, path)
  }
}

/** Two processes that create one file at once: SQLite answers the second one "locked" without waiting here. */
function useWriteAheadLog(database: Database, timeout: number): void {
  const deadline = performance.now() + timeout
  for (;;) {
    try {
      return database.exec('PRAGMA journal_mode = WAL')
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}

/** The two drivers agree on messages only: the package leaves SQLite's code out of some errors. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && error.message.includes('database is locked')
}

export function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { errcode, sqliteExtendedCode, systemErrno } = error as SqliteError
  return (
    error.message.includes('database or disk is full') ||
    systemErrno === noSpace ||
    (errcode ?? sqliteExtendedCode) === cannotGrowSharedMemory
  )
}

/** What the drivers add to an error: `node:sqlite` the first, the package the others. */
interface SqliteError {
  readonly errcode?: number
  readonly sqliteExtendedCode?: number
  readonly systemErrno?: number
}

/** ENOSPC. */
const noSpace = 28
/** SQLITE_IOERR_SHMSIZE: there is no room for the file beside the write-ahead log. */
const cannotGrowSharedMemory = 4874

function isForbidden(error: unknown): boolean {
  return error instanceof Error && /unable to open database file|readonly database/.test(error.message)
}

function isNoDatabase(error: unknown): boolean {
  return error instanceof Error && error.message.includes('file is not a database')
}

export function isMissingTable(error: unknown): boolean {
  return error instanceof Error && error.message.includes('no such table')
}
