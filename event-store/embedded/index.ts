import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Batch, BatchStatement, Outcome } from '../../sqlite/batch.js'
import { closeDatabase, openDatabase, type Database, type Statement } from '../../sqlite/driver.js'
import { NotADatabase } from '../../sqlite/errors.js'
import { LateWriter } from '../../sqlite/late-writer.js'
import type { StreamSummary } from '../port.js'
import type { Run, Tail } from './tail.js'
import { KeyFilter } from './key-filter.js'

const schema = (logId: string) => `
  CREATE TABLE IF NOT EXISTS state (one INTEGER PRIMARY KEY CHECK (one = 1), log TEXT NOT NULL, position INTEGER NOT NULL,
    filter BLOB NOT NULL);
  INSERT OR IGNORE INTO state VALUES (1, '${logId}', 0, x'');
  CREATE TABLE IF NOT EXISTS ids (key INTEGER PRIMARY KEY, position INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS runs (
    stream TEXT NOT NULL, revision INTEGER NOT NULL, positions TEXT NOT NULL, PRIMARY KEY (stream, revision)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS streams (
    stream TEXT PRIMARY KEY, revision INTEGER NOT NULL, position INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS streams_by_position ON streams (position);
  CREATE TABLE IF NOT EXISTS unfiltered (position INTEGER PRIMARY KEY, keys BLOB NOT NULL);`

const none: ReadonlyMap<number, number> = new Map()
const tables = ['state', 'ids', 'runs', 'streams', 'unfiltered']
const drop = tables.map((table) => `DROP TABLE IF EXISTS ${table};`).join(' ')

/**
 * So many tails go to the index before the filter is stored again, which is large. Until then their keys are kept beside
 * it ("unfiltered"), and added when it is read.
 */
const tailsAFilter = 8

/**
 * Where the log's ids and streams stand, up to a position: a file of its own, derived from the log and built
 * again when it is missing, belongs to another log, or is ahead of it. It is filled by a thread of its own in
 * large sorted batches, so that an append never waits for the scattered pages of an index.
 */
export class IndexFile {
  readonly #logId: string
  readonly #db: Database
  readonly #state: Statement
  readonly #unfiltered: Statement
  readonly #idKeys: Statement
  readonly #stream: Statement
  readonly #forward: Statement
  readonly #backward: Statement
  readonly #newest: Statement
  #filter = new KeyFilter()
  /** How many tails the stored filter lacks. */
  #tailsUnfiltered = 0
  readonly #writer: LateWriter

  /** @param head of the log, as of the moment of the call */
  constructor(folder: string, logId: string, head: () => number) {
    const path = join(folder, 'events-index.db')
    this.#logId = logId
    this.#db = openIndex(path)
    this.#writer = new LateWriter(path, { synchronous: 'NORMAL', cacheKiB: 4_096 })
    this.#open(head)
    this.#state = this.#db.prepare('SELECT position, filter FROM state')
    this.#unfiltered = this.#db.prepare('SELECT keys FROM unfiltered')
    this.#idKeys = this.#db.prepare(
      'SELECT key, position FROM ids WHERE key IN (SELECT value FROM json_each(?))',
    )
    this.#stream = this.#db.prepare('SELECT stream, revision, position FROM streams WHERE stream = ?')
    this.#forward = this.#db.prepare(
      `SELECT stream, revision, positions FROM runs WHERE stream = ?1 AND revision >= coalesce(
         (SELECT max(revision) FROM runs WHERE stream = ?1 AND revision <= ?2), 0) ORDER BY revision LIMIT ?3`,
    )
    this.#backward = this.#db.prepare(
      'SELECT stream, revision, positions FROM runs WHERE stream = ? AND revision <= ? ORDER BY revision DESC LIMIT ?',
    )
    this.#newest = this.#db.prepare(
      'SELECT stream, revision, position FROM streams WHERE position < ? ORDER BY position DESC LIMIT ?',
    )
  }

  /**
   * How far the index reaches. From then on {@link find} knows all that is indexed up to there: read apart from the
   * position, the filter could lack what another process has indexed in between.
   */
  begin(): number {
    const { position, filter, unfiltered } = this.#stored()
    this.#filter = new KeyFilter(filter)
    this.#tailsUnfiltered = unfiltered.length
    for (const { keys } of unfiltered) this.#filter.addAll(new Float64Array(keys.slice().buffer))
    return position
  }

  #stored() {
    this.#db.exec('BEGIN')
    try {
      const state = this.#state.get() as { position: number; filter: Uint8Array }
      return { ...state, unfiltered: this.#unfiltered.all() as { keys: Uint8Array }[] }
    } finally {
      this.#db.exec('COMMIT')
    }
  }

  /** Those of the keys that are taken, with their positions, as far as {@link begin} said or a bit further. */
  find(candidates: readonly number[]): ReadonlyMap<number, number> {
    const keys = candidates.filter((key) => this.#filter.mayHave(key))
    if (keys.length === 0) return none
    const rows = this.#idKeys.all(`[${keys.join()}]`) as unknown as { key: number; position: number }[]
    return new Map(rows.map(({ key, position }) => [key, position]))
  }

  stream(stream: string): StreamSummary | undefined {
    return this.#stream.get(stream) as StreamSummary | undefined
  }

  /** The runs of a stream, from the one on that holds `from`, downwards if `backward`. */
  runs(stream: string, from: number, backward: boolean, limit: number): Run[] {
    const rows = (backward ? this.#backward : this.#forward).all(stream, from, limit) as unknown as {
      revision: number
      positions: string
    }[]
    return rows.map(({ revision, positions }) => ({
      stream,
      revision,
      positions: JSON.parse(positions) as number[],
    }))
  }

  /** Streams by their last event before a position, newest first. */
  newest(before: number, limit: number): StreamSummary[] {
    return this.#newest.all(before, limit) as StreamSummary[]
  }

  /** Takes a tail in, unless another process has moved the index on meanwhile: then {@link begin} again. */
  async add(tail: Tail): Promise<Outcome> {
    const keys = tail.ids.keys()
    this.#filter.addAll(keys)
    this.#tailsUnfiltered = (this.#tailsUnfiltered + 1) % tailsAFilter
    const filtering = this.#tailsUnfiltered === 0 ? storeFilter(this.#filter) : storeKeys(tail, keys)
    const { guard, statements } = batchOf(tail, keys, this.#logId)
    return this.#writer.apply({ guard, statements: [...statements, ...filtering] })
  }

  async close(): Promise<void> {
    await this.#writer.close()
    closeDatabase(this.#db)
  }

  /** The index of another log, or one that knows more than the log does (a log restored from a backup), is void. */
  #open(head: () => number): void {
    this.#db.exec('BEGIN IMMEDIATE')
    this.#db.exec(schema(this.#logId))
    const { log, position } = this.#db.prepare('SELECT log, position FROM state').get() as {
      log: string
      position: number
    }
    // Nobody indexes meanwhile. Asked before, the log would not have what somebody has appended and indexed since.
    if (log !== this.#logId || position > head()) this.#db.exec(drop + schema(this.#logId))
    this.#db.exec('COMMIT')
  }
}

/** What is no database is made again, like an index that is missing. */
function openIndex(path: string): Database {
  const open = () => openDatabase(path, { synchronous: 'NORMAL', cacheKiB: 1_024 })
  try {
    return open()
  } catch (error) {
    if (!(error instanceof NotADatabase)) throw error
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
    return open()
  }
}

function storeFilter({ bits }: KeyFilter): BatchStatement[] {
  return [
    { sql: 'UPDATE state SET filter = ?', columns: [[bits]] },
    { sql: 'DELETE FROM unfiltered', columns: [] },
  ]
}

function storeKeys({ head }: Tail, keys: Float64Array): BatchStatement[] {
  const bytes = new Uint8Array(keys.buffer)
  return [{ sql: 'INSERT INTO unfiltered (position, keys) VALUES (?, ?)', columns: [[head], [bytes]] }]
}

function batchOf(tail: Tail, keys: Float64Array, logId: string): Batch {
  const runs = [...tail.runs.values()].sort((a, b) => (a.stream < b.stream ? -1 : 1))
  return {
    guard: {
      sql: 'UPDATE state SET position = ? WHERE position = ? AND log = ?',
      params: [tail.head, tail.after, logId],
      changes: 1,
    },
    statements: [
      {
        sql: 'INSERT INTO ids (key, position) VALUES (?, ?)',
        columns: [keys, keys.map((key) => tail.ids.get(key) ?? 0)],
      },
      {
        sql: 'INSERT INTO runs (stream, revision, positions) VALUES (?, ?, ?)',
        columns: [
          runs.map(({ stream }) => stream),
          Float64Array.from(runs, ({ revision }) => revision),
          runs.map(({ positions }) => JSON.stringify(positions)),
        ],
      },
      {
        sql: `INSERT INTO streams (stream, revision, position) VALUES (?, ?, ?)
          ON CONFLICT DO UPDATE SET revision = excluded.revision, position = excluded.position`,
        columns: [
          runs.map(({ stream }) => stream),
          Float64Array.from(runs, ({ revision, positions }) => revision + positions.length - 1),
          Float64Array.from(runs, ({ positions }) => positions.at(-1) ?? 0),
        ],
      },
    ],
  }
}
