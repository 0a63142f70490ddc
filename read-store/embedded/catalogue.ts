import type { Statement } from '../../sqlite/driver.js'
import { createLeases } from './leases.js'
import { tableOf, type Table } from './table.js'
import type { Collections } from '../port.js'

/**
 * The catalogue of builds. A build is a row of it and the tables of its collections, made in one transaction.
 * A projection has one live build at most. Taking the row away fences the build's writers; its tables go after.
 */
export const createCatalogue = [
  `CREATE TABLE IF NOT EXISTS builds (build TEXT PRIMARY KEY, projection TEXT NOT NULL, version INTEGER NOT NULL,
    checkpoints TEXT NOT NULL, live INTEGER NOT NULL, collections TEXT NOT NULL,
    owner INTEGER NOT NULL, created INTEGER NOT NULL, units TEXT NOT NULL) WITHOUT ROWID`,
  'CREATE UNIQUE INDEX IF NOT EXISTS live_builds ON builds (projection) WHERE live = 1',
  createLeases,
]

/** The first files had one checkpoint a build, a number: now a JSON array of one for each partition. */
export const addPartitions =
  "ALTER TABLE builds RENAME COLUMN checkpoint TO checkpoints; UPDATE builds SET checkpoints = '[' || checkpoints || ']'"
/** The next ones did not name the last unit of work of each partition. */
export const addUnits = `ALTER TABLE builds ADD COLUMN units TEXT NOT NULL DEFAULT '[]';
  UPDATE builds SET units = (SELECT json_group_array('') FROM json_each(checkpoints))`

/** `complete`: {@link createCatalogue} has been run. Else it is of the first files, or of the next ones, or there is none. */
export const catalogueState = `SELECT count(*) FILTER (WHERE name = 'units') AS complete,
  count(*) FILTER (WHERE name = 'checkpoint') AS first, count(*) FILTER (WHERE name = 'checkpoints') AS next
  FROM pragma_table_info('builds')`

export interface CatalogueState {
  readonly complete: 0 | 1
  readonly first: 0 | 1
  readonly next: 0 | 1
}

/** Parameters: build, projection, version, checkpoints, collections, owner, created, units. */
export const addBuild = 'INSERT INTO builds VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?8)'

/**
 * Parameters: build, partition as {@link pathOf} has it, expected checkpoint, new checkpoint, name of the unit of work,
 * that of the last one or null.
 */
export const moveCheckpoint = `UPDATE builds
  SET checkpoints = json_set(checkpoints, ?2, CAST(?4 AS INTEGER)), units = json_set(units, ?2, ?5)
  WHERE build = ?1 AND json_extract(checkpoints, ?2) = ?3 AND (?6 IS NULL OR json_extract(units, ?2) = ?6)`

/** Where a partition's checkpoint stands among those of its build. */
export function pathOf(partition: number): string {
  return `$[${partition}]`
}

/** Parameters: new build, replaced build, its checkpoints. */
export const takeReplaced = `DELETE FROM builds WHERE build = ?2 AND live = 1 AND checkpoints = ?3 AND EXISTS
  (SELECT 1 FROM builds AS new WHERE new.build = ?1 AND new.live = 0 AND new.projection = builds.projection)`

/** Parameters: build. For one that replaces another: within one transaction after {@link takeReplaced}. */
export const makeLive = `UPDATE builds SET live = 1 WHERE build = ?1 AND live = 0 AND NOT EXISTS
  (SELECT 1 FROM builds AS other WHERE other.projection = builds.projection AND other.live = 1)`

/** Parameters: build. */
export const discardBuild = 'DELETE FROM builds WHERE build = ? AND live = 0'

export const liveBuild = 'SELECT build FROM builds WHERE projection = ? AND live = 1'
export const liveProjections = 'SELECT projection FROM builds WHERE live = 1 ORDER BY projection'
export const buildStatus = 'SELECT checkpoints, units, live FROM builds WHERE build = ?'
export const unpromoted = 'SELECT build, owner, created FROM builds WHERE projection = ? AND live = 0'
const oneBuild = `SELECT projection, version, build, json_array_length(checkpoints) AS partitions, collections
  FROM builds WHERE build = ?`

/** What never changes about a build. */
export interface BuildEntry {
  readonly projection: string
  readonly version: number
  readonly build: string
  readonly partitions: number
  readonly tables: ReadonlyMap<string, Table>
}

export interface BuildStatus {
  /** A JSON array, in the order of the partitions. */
  readonly checkpoints: string
  /** Of each partition the name of the last unit of work: a JSON array. */
  readonly units: string
  readonly live: 0 | 1
}

export function readEntry(prepared: (sql: string) => Statement, build: string): BuildEntry | undefined {
  const row = prepared(oneBuild).get(build) as
    (Omit<BuildEntry, 'tables'> & { collections: string }) | undefined
  return row && entryOf(row, JSON.parse(row.collections) as Collections)
}

export function entryOf(
  { projection, version, build, partitions }: Omit<BuildEntry, 'tables'>,
  collections: Collections,
): BuildEntry {
  const tables = Object.entries(collections).map(([name, spec]): [string, Table] => [
    name,
    tableOf(build, name, spec),
  ])
  return { projection, version, build, partitions, tables: new Map(tables) }
}
