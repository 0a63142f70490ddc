import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { categoryOf, type RecordedEvent } from '../../domain/event.js'
import {
  closeDatabase,
  defaultBusyTimeout,
  isBusy,
  isFull,
  openDatabase,
  type Database,
  type Statement,
} from '../../sqlite/driver.js'
import { DiskFull } from '../../sqlite/errors.js'
import { joinLines, parseLine, parseLines, splitLines } from './line.js'
import { LogUnusable } from '../errors.js'
import type { LogPage, ReadAll } from '../port.js'

/** Marks the file as ours: the bytes "TIDE". */
const applicationId = 0x54494445
/** Lines a row. More make bulk reads a little faster and single reads slower. */
const linesARow = 128
const rowsAQuery = 8
const columns = 'position, count, revisions, recorded_time, events'

interface LogRow {
  readonly position: number
  readonly count: number
  readonly revisions: string
  readonly recorded_time: number
  readonly events: string
}

/** Events on their way into the log, in its order: each has its stream, its line and its revision. */
export interface LogLines {
  readonly streams: string[]
  readonly texts: string[]
  readonly revisions: number[]
}

/**
 * The file of the log: append-only, without any index. One row holds up to {@link linesARow} events that
 * were committed together, as docs/decisions/0001-log-layout.md explains.
 */
export class LogFile {
  readonly id: string
  readonly #path: string
  readonly #db: Database
  readonly #head: Statement
  readonly #insert: Statement
  readonly #after: Statement
  readonly #at: Statement
  #cached: { first: number; time: number; lines: string[]; revisions: number[] } | undefined

  constructor(folder: string) {
    this.#path = join(folder, 'events.db')
    this.#db = openDatabase(this.#path, {
      synchronous: 'FULL',
      pageSize: 32_768,
      walPages: 500,
      cacheKiB: 2_048,
    })
    this.id = this.#claim()
    this.#head = this.#db.prepare(
      'SELECT position + count - 1 AS head FROM log ORDER BY position DESC LIMIT 1',
    )
    this.#insert = this.#db.prepare(
      'INSERT INTO log (position, count, categories, revisions, recorded_time, events) VALUES (?, ?, ?, ?, ?, ?)',
    )
    this.#after = this.#db.prepare(
      `SELECT ${columns} FROM log WHERE position > ? ORDER BY position LIMIT ${rowsAQuery}`,
    )
    this.#at = this.#db.prepare(
      `SELECT ${columns} FROM log WHERE position <= ? ORDER BY position DESC LIMIT 1`,
    )
  }

  /** The position of the last event, as of now or of the transaction that is open. */
  head(): number {
    return (this.#head.get() as { head: number } | undefined)?.head ?? 0
  }

  /**
   * Runs `work` as the only writer of the file. What it wrote is durable when this resolves.
   *
   * SQLite has no queue for its write lock: one that waits looks again after up to 100 ms, and a process that appends
   * without a pause would leave it nothing. So it is looked for every millisecond, between which others have their turn.
   *
   * @throws {DiskFull} nothing was written
   * @throws {Error} "database is locked": another process has kept the lock all the time
   */
  async transaction<T>(work: () => T): Promise<T> {
    const deadline = performance.now() + defaultBusyTimeout
    while (!this.#begin(performance.now() > deadline)) await pause(1)
    return this.#finish(work)
  }

  /** Whether a transaction could be begun. @throws {Error} it could not, and this was the `last` attempt */
  #begin(last: boolean): boolean {
    this.#db.exec('PRAGMA busy_timeout = 0')
    try {
      this.#db.exec('BEGIN IMMEDIATE')
      return true
    } catch (error) {
      if (last || !isBusy(error)) throw this.#told(error)
      return false
    } finally {
      this.#db.exec(`PRAGMA busy_timeout = ${defaultBusyTimeout}`)
    }
  }

  #finish<T>(work: () => T): T {
    try {
      const result = work()
      this.#db.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw this.#told(error)
    }
  }

  #told(error: unknown): unknown {
    return isFull(error) ? new DiskFull(this.#path, { cause: error }) : error
  }

  /** Writes lines from `position` on. Only inside {@link transaction}. */
  write(position: number, { streams, texts, revisions }: LogLines, recordedTime: number): void {
    for (let from = 0; from < texts.length; from += linesARow) {
      const to = Math.min(from + linesARow, texts.length)
      const events = joinLines(texts.slice(from, to))
      const categories = ` ${categoriesOf(streams, from, to).join(' ')} `
      const revised = `[${revisions.slice(from, to).join()}]`
      this.#insert.run(position + from, to - from, categories, revised, recordedTime, events)
    }
  }

  /** Whole rows after a position, until there are `limit` events. */
  read({ after, limit, categories }: ReadAll): LogPage {
    const events: RecordedEvent[] = []
    const wanted = categories && new Set(categories)
    const head = this.head()
    let position = after
    while (events.length < limit && position < head) {
      const rows = this.#rowsAfter(position, categories)
      if (rows.length === 0) return { events, position: Math.max(position, head) }
      for (const row of rows) {
        const revisions = JSON.parse(row.revisions) as number[]
        for (const event of parseLines(row.events, revisions, row.position, row.recorded_time)) {
          if (event.position > position && (!wanted || wanted.has(categoryOf(event.stream))))
            events.push(event)
        }
        position = row.position + row.count - 1
        if (events.length >= limit) break
      }
    }
    return { events, position }
  }

  /** The next rows, from the one on that holds the event after `position`. */
  #rowsAfter(position: number, categories: readonly string[] | undefined): LogRow[] {
    const rows = categories
      ? (this.#db
          .prepare(selectAfter(categories))
          .all(position, ...categories.map((category) => ` ${category} `)) as unknown as LogRow[])
      : (this.#after.all(position) as unknown as LogRow[])
    if (rows[0]?.position === position + 1) return rows
    const begun = this.#at.get(position) as LogRow | undefined
    return begun && begun.position + begun.count - 1 > position ? [begun, ...rows] : rows
  }

  /** The event at a position that exists. */
  event(position: number): RecordedEvent {
    const { first, time, lines, revisions } = this.#rowAt(position)
    const at = position - first
    return parseLine(lines[at] ?? '', revisions[at] ?? 0, position, time)
  }

  #rowAt(position: number) {
    const cached = this.#cached
    if (cached && position >= cached.first && position < cached.first + cached.lines.length) return cached
    const row = this.#at.get(position) as LogRow | undefined
    if (!row || position >= row.position + row.count)
      throw new LogUnusable(`the log has no event at ${position}`)
    this.#cached = {
      first: row.position,
      time: row.recorded_time,
      lines: splitLines(row.events),
      revisions: JSON.parse(row.revisions) as number[],
    }
    return this.#cached
  }

  close(): void {
    closeDatabase(this.#db)
  }

  /** Recognises our own file, or makes an empty one ours. */
  #claim(): string {
    const { application_id } = this.#db.prepare('PRAGMA application_id').get() as { application_id: number }
    if (application_id === 0) {
      this.#db.exec('BEGIN IMMEDIATE')
      this.#finish(() => this.#create())
    } else if (application_id !== applicationId) {
      throw new LogUnusable('events.db belongs to another application: choose another data folder')
    }
    const { value } = this.#db.prepare("SELECT value FROM meta WHERE key = 'log'").get() as { value: string }
    return value
  }

  #create(): void {
    const { tables } = this.#db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as {
      tables: number
    }
    const { application_id } = this.#db.prepare('PRAGMA application_id').get() as { application_id: number }
    if (application_id === applicationId) return
    if (tables > 0)
      throw new LogUnusable('events.db is a database of something else: choose another data folder')
    this.#db.exec(`
      PRAGMA application_id = ${applicationId};
      CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      INSERT INTO meta VALUES ('log', '${randomUUID()}');
      CREATE TABLE log (
        position INTEGER PRIMARY KEY, -- of the first event of the row
        count INTEGER NOT NULL,
        categories TEXT NOT NULL, -- of all streams in the row, each between spaces
        revisions TEXT NOT NULL, -- of each event, a JSON array
        recorded_time INTEGER NOT NULL, -- milliseconds since 1970
        events TEXT NOT NULL -- a JSON array, one event a line
      )`)
  }
}

/** Each category once. Most often it is that of the stream before. */
function categoriesOf(streams: readonly string[], from: number, to: number): string[] {
  const categories: string[] = []
  let last = ''
  for (let at = from; at < to; at++) {
    const stream = streams[at] ?? ''
    if (last !== '' && stream.startsWith(last) && stream[last.length] === '-') continue
    last = categoryOf(stream)
    if (!categories.includes(last)) categories.push(last)
  }
  return categories
}

/** The rows that may hold events of some categories; the filter leaves the long column unread elsewhere. */
function selectAfter(categories: readonly string[]): string {
  const filter = categories.map(() => 'instr(categories, ?) > 0').join(' OR ') || 'false'
  return `SELECT ${columns} FROM log
    WHERE position > ? AND (${filter}) ORDER BY position LIMIT ${rowsAQuery}`
}
