import type { Statement } from '../sqlite/driver.js'
import { tableOf, type Table } from './embedded-table.js'
import type { Collections } from './port.js'

/**
 * The catalogue of builds. A build is a row of it and the tables of its collections, made in one transaction.
 * A projection has one live build at most. Taking the row away fences the build's writers; its tables go after.
 */
export const createCatalogue = [
  `CREATE TABLE IF NOT EXISTS builds (build TEXT PRIMARY KEY, projection TEXT NOT NULL, version INTEGER NOT NULL,
    checkpoint INTEGER NOT NULL, live INTEGER NOT NULL, collections TEXT NOT NULL,
    owner INTEGER NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID`,
  'CREATE UNIQUE INDEX IF NOT EXISTS live_builds ON builds (projection) WHERE live = 1',
]

/** Not 0 once {@link createCatalogue} has been run. */
export const countCatalogue = "SELECT count(*) AS tables FROM sqlite_schema WHERE name = 'builds'"

/** Parameters: build, projection, version, collections, owner, created. */
export const addBuild = 'INSERT INTO builds VALUES (?1, ?2, ?3, 0, 0, ?4, ?5, ?6)'

/** Parameters: build, expected checkpoint, new checkpoint. */
export const moveCheckpoint = 'UPDATE builds SET checkpoint = ?3 WHERE build = ?1 AND checkpoint = ?2'

/** Parameters: new build, replaced build, its checkpoint. */
export const takeReplaced = `DELETE FROM builds WHERE build = ?2 AND live = 1 AND checkpoint = ?3 AND EXISTS
  (SELECT 1 FROM builds AS new WHERE new.build = ?1 AND new.live = 0 AND new.projection = builds.projection)`

/** Parameters: build. For one that replaces another: within one transaction after {@link takeReplaced}. */
export const makeLive = `UPDATE builds SET live = 1 WHERE build = ?1 AND live = 0 AND NOT EXISTS
  (SELECT 1 FROM builds AS other WHERE other.projection = builds.projection AND other.live = 1)`

/** Parameters: build. */
export const discardBuild = 'DELETE FROM builds WHERE build = ? AND live = 0'

export const liveBuild = 'SELECT build FROM builds WHERE projection = ? AND live = 1'
export const liveProjections = 'SELECT projection FROM builds WHERE live = 1 ORDER BY projection'
export const buildStatus = 'SELECT checkpoint, live FROM builds WHERE build = ?'
export const unpromoted = 'SELECT build, owner, created FROM builds WHERE projection = ? AND live = 0'
const oneBuild = 'SELECT projection, version, build, collections FROM builds WHERE build = ?'

/** What never changes about a build. */
export interface BuildEntry {
  readonly projection: string
  readonly version: number
  readonly build: string
  readonly tables: ReadonlyMap<string, Table>
}

export interface BuildStatus {
  readonly checkpoint: number
  readonly live: 0 | 1
}

export function readEntry(prepared: (sql: string) => Statement, build: string): BuildEntry | undefined {
  const row = prepared(oneBuild).get(build) as
    (Omit<BuildEntry, 'tables'> & { collections: string }) | undefined
  return row && entryOf(row.projection, row.version, row.build, JSON.parse(row.collections) as Collections)
}

export function entryOf(
  projection: string,
  version: number,
  build: string,
  collections: Collections,
): BuildEntry {
  const tables = Object.entries(collections).map(([name, spec]): [string, Table] => [
    name,
    tableOf(build, name, spec),
  ])
  return { projection, version, build, tables: new Map(tables) }
}
