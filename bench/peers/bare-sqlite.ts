import { closeDatabase, openDatabase } from '../../sqlite/driver.js'

/** A data record as a row: internal id, external id, msisdn, recordedAt, bytes. */
export type Row = readonly [string, string, string, string, number]

/**
 * With a key on the record's identity, so that a duplicate is recognised; or without any, which no store that keeps
 * the laws could be. With the key: rows in the order they come and an index beside them, 64 MiB of page cache. Of
 * five layouts this was the fastest (measured: 83–119 k/s; `WITHOUT ROWID` 73–97, key over msisdn and external id
 * 68–99).
 */
const schemas = {
  keyed: 'CREATE TABLE data_records (id TEXT PRIMARY KEY',
  keyless: 'CREATE TABLE data_records (id TEXT NOT NULL',
}
const columns = `, external_record_id TEXT NOT NULL, msisdn TEXT NOT NULL, recorded_at TEXT NOT NULL,
  recorded_bytes INTEGER NOT NULL)`

/**
 * Inserts rows and nothing else, a transaction a batch, each durable before the next begins (WAL,
 * `synchronous=FULL`).
 *
 * @param path a file that does not exist yet
 */
export function bareSqlite(path: string, table: keyof typeof schemas) {
  const database = openDatabase(path, { synchronous: 'FULL', cacheKiB: 65_536 })
  database.exec(schemas[table] + columns)
  const insert = database.prepare('INSERT INTO data_records VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING')
  return {
    insertAll: (rows: readonly Row[], rowsABatch: number): void => {
      for (let from = 0; from < rows.length; from += rowsABatch) {
        database.exec('BEGIN')
        const end = Math.min(from + rowsABatch, rows.length)
        for (let at = from; at < end; at++) {
          const row = rows[at]
          if (row) insert.run(row[0], row[1], row[2], row[3], row[4])
        }
        database.exec('COMMIT')
      }
    },
    close: () => closeDatabase(database),
  }
}
