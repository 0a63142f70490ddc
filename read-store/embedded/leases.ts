import type { BatchStatement, Guard } from '../../sqlite/batch.js'
import type { Statement } from '../../sqlite/driver.js'
import type { Lease } from '../port.js'

/** The leases of one machine: a table beside the builds, and the machine's clock, in milliseconds. */
export const createLeases =
  'CREATE TABLE IF NOT EXISTS leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, ends INTEGER NOT NULL) WITHOUT ROWID'

/** Changes a row if the holder has the lease afterwards. */
export function takeLease(name: string, holder: string, milliseconds: number): Guard {
  const now = Date.now()
  return {
    sql: `INSERT INTO leases VALUES (?1, ?2, ?4) ON CONFLICT (name) DO UPDATE
      SET holder = excluded.holder, ends = excluded.ends WHERE holder = excluded.holder OR ends <= ?3`,
    params: [name, holder, now, now + milliseconds],
    changes: 1,
  }
}

export function releaseLease(name: string, holder: string): BatchStatement {
  return { sql: 'DELETE FROM leases WHERE name = ? AND holder = ?', columns: [[name], [holder]] }
}

export function readLeases(prepared: (sql: string) => Statement): Lease[] {
  const now = Date.now()
  const sql = 'SELECT name, holder, ends FROM leases WHERE ends > ? ORDER BY name'
  const rows = prepared(sql).all(now) as { name: string; holder: string; ends: number }[]
  return rows.map(({ name, holder, ends }) => ({ name, holder, left: ends - now }))
}
