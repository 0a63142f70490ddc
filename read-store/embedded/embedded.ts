import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { LateWriter } from '../../sqlite/late-writer.js'
import type { Batch, BatchStatement, Guard, Outcome, SqlValue } from '../../sqlite/batch.js'
import { closeDatabase, openDatabase, type OpenOptions } from '../../sqlite/driver.js'
import { DatabaseBusy } from '../../sqlite/errors.js'
import { makeFolder } from '../../sqlite/folder.js'
import { EmbeddedBuild, type BuildHost } from './build.js'
import * as catalogue from './catalogue.js'
import { readLeases, releaseLease, takeLease } from './leases.js'
import { isAbandoned } from './owner.js'
import { closeReader, openReader, type Reader } from './read-model.js'
import { dropTable, leftOverTables } from './table.js'
import { Fenced } from '../errors.js'
import { startOf } from '../fencing.js'
import type { Build, Collections, Lease, ReadStore, Replacing } from '../port.js'

/**
 * Opens the read store of one machine: SQLite in `<folder>/read-models.db`. Creates the folder. Several
 * processes may have it open, reading and writing; writes queue up, and checkpoints fence the second runner.
 *
 * A commit survives a crash of the process. Power loss may take the last ones, whole: their events are applied
 * again.
 */
export async function openEmbeddedReadStore(folder: string): Promise<ReadStore> {
  makeFolder(folder)
  removeLeftOverScratch(folder)
  return EmbeddedReadStore.open(folder, 'kept')
}

const scratchPrefix = 'scratch-'

/** A page of 8 KiB holds documents up to 2 KB; reading a longer one, kept apart, takes five times as long. */
const writerOptions: OpenOptions = { cacheKiB: 4_096, pageSize: 8192 }

class EmbeddedReadStore implements ReadStore, BuildHost {
  readonly reader: Reader
  private readonly builds = new Map<string, EmbeddedBuild>()
  private readonly readers = new Set<Reader>()
  private readonly writer: LateWriter

  static async open(folder: string, purpose: 'kept' | 'scratch'): Promise<EmbeddedReadStore> {
    const path = join(folder, 'read-models.db')
    if (!isCreated(path)) createFile(path)
    const store = new EmbeddedReadStore(folder, path, purpose)
    await store.dropLeftOvers()
    return store
  }

  private constructor(
    private readonly folder: string,
    private readonly path: string,
    private readonly purpose: 'kept' | 'scratch',
  ) {
    const synchronous = purpose === 'kept' ? 'NORMAL' : 'OFF'
    this.writer = new LateWriter(path, { ...writerOptions, synchronous })
    this.reader = this.openReader()
  }

  /** Batches are applied in the order of the calls. The thread for it is started by the first. */
  async apply(batch: Batch): Promise<Outcome> {
    return this.writer.apply(batch)
  }

  /** One small SELECT, 4 µs: another process may have promoted a build since the last call. */
  async live(projection: string): Promise<Build | undefined> {
    const row = this.reader.prepared(catalogue.liveBuild).get(projection) as { build: string } | undefined
    if (!row) return undefined
    const known = this.builds.get(projection)
    if (known?.build === row.build) return known
    const entry = catalogue.readEntry(this.reader.prepared, row.build)
    // Replaced between the two statements: ask again.
    if (!entry) return this.live(projection)
    const build = new EmbeddedBuild(entry, this)
    this.builds.set(projection, build)
    return build
  }

  /** SQLite counts the commits of other connections (1.5 µs), and this one only reads. */
  dataVersion(): number {
    const { data_version } = this.reader.prepared('PRAGMA data_version').get() as { data_version: number }
    return data_version
  }

  async all(): Promise<Build[]> {
    const rows = this.reader.prepared(catalogue.liveProjections).all() as { projection: string }[]
    const builds = await Promise.all(rows.map(({ projection }) => this.live(projection)))
    return builds.filter((build) => build !== undefined)
  }

  async create(
    projection: string,
    version: number,
    collections: Collections,
    partitions = 1,
  ): Promise<Build> {
    const checkpoints = startOf(partitions)
    await this.discardAbandoned(projection)
    const build = randomUUID()
    const entry = catalogue.entryOf({ projection, version, build, partitions }, collections)
    const row = [
      build,
      projection,
      version,
      JSON.stringify(checkpoints),
      JSON.stringify(collections),
      process.pid,
      Date.now(),
      JSON.stringify(checkpoints.map(() => '')),
    ]
    await this.apply({
      statements: [
        { sql: catalogue.addBuild, columns: row.map((value) => [value]) },
        ...[...entry.tables.values()].flatMap(({ create }) => create.map(once)),
      ],
    })
    return new EmbeddedBuild(entry, this)
  }

  async promote(build: Build, replacing?: Replacing): Promise<void> {
    const outcome = await this.apply(promotion(build, replacing))
    if (outcome === 'refused') throw await this.cannotPromote(build, replacing)
    await this.dropLeftOvers()
  }

  async discard(build: Build): Promise<void> {
    const guard = guarded(catalogue.discardBuild, build.build)
    const outcome = await this.apply({ guard, statements: [] })
    if (outcome === 'refused' && (await this.live(build.projection))?.build === build.build) {
      throw new Fenced(`build ${build.build} of ${build.projection} is live: only replacing it discards it`)
    }
    await this.dropLeftOvers()
  }

  /** Below our own folder, where there is room for as much again. Not synced: a crash makes it worthless. */
  async scratch(): Promise<ReadStore> {
    const folder = mkdtempSync(join(this.folder, `${scratchPrefix}${process.pid}-`))
    return EmbeddedReadStore.open(folder, 'scratch')
  }

  async lease(name: string, holder: string, milliseconds: number): Promise<boolean> {
    const guard = takeLease(name, holder, milliseconds)
    return (await this.apply({ guard, statements: [] })) === 'applied'
  }

  async release(name: string, holder: string): Promise<void> {
    await this.apply({ statements: [releaseLease(name, holder)] })
  }

  async leases(): Promise<Lease[]> {
    return readLeases(this.reader.prepared)
  }

  async close(): Promise<void> {
    for (const reader of this.readers) closeReader(reader)
    await this.writer.close()
    if (this.purpose === 'scratch') rmSync(this.folder, { recursive: true, force: true })
  }

  openReader(): Reader {
    const reader = openReader(this.path)
    for (const other of this.readers) if (!other.database.isOpen) this.readers.delete(other)
    this.readers.add(reader)
    return reader
  }

  /** Deletes the rows first: from then on nobody writes, and the tables are left over. */
  private async discardAbandoned(projection: string): Promise<void> {
    const rows = this.reader.prepared(catalogue.unpromoted).all(projection) as {
      build: string
      owner: number
      created: number
    }[]
    const abandoned = rows.filter(isAbandoned)
    if (abandoned.length === 0) return
    const columns = [abandoned.map(({ build }) => build)]
    await this.apply({ statements: [{ sql: catalogue.discardBuild, columns }] })
    await this.dropLeftOvers()
  }

  /**
   * Drops the tables that no build owns any more, a transaction each, as a large one takes a while (20 ms for
   * 200,000 documents). Safe at any time and from any process. Where another process is in the way or we are
   * killed half-way, the next one to come here does it: what the caller asked for has been done already.
   */
  private async dropLeftOvers(): Promise<void> {
    const tables = this.reader.prepared(leftOverTables).all() as { name: string }[]
    const dropped = tables.map(({ name }) => this.apply({ statements: [once(dropTable(name))] }))
    for (const drop of await Promise.allSettled(dropped)) {
      if (drop.status === 'rejected' && !(drop.reason instanceof DatabaseBusy)) throw drop.reason
    }
  }

  private async cannotPromote(build: Build, replacing?: Replacing): Promise<Fenced> {
    const name = `build ${build.build} of ${build.projection}`
    const status = this.reader.prepared(catalogue.buildStatus).get(build.build) as
      catalogue.BuildStatus | undefined
    if (!status) return new Fenced(`${name} cannot become live: it has been discarded`)
    if (status.live) return new Fenced(`${name} is live already`)
    const live = await this.live(build.projection)
    const at =
      live &&
      (this.reader.prepared(catalogue.buildStatus).get(live.build) as catalogue.BuildStatus | undefined)
    const actual = at ? `${live.build} at ${at.checkpoints}` : 'none'
    const expected = replacing ? `${replacing.build.build} at ${JSON.stringify(replacing.at)}` : 'none'
    return new Fenced(`${name} cannot become live: the live build is ${actual}, expected was ${expected}`)
  }
}

/** The file may be there without its tables: another process is just making it. */
function isCreated(path: string): boolean {
  if (!existsSync(path)) return false
  const reader = openReader(path)
  const { complete } = reader.prepared(catalogue.catalogueState).get() as unknown as catalogue.CatalogueState
  closeReader(reader)
  return complete > 0
}

/** Several processes may do this at once: they take turns, and the second one finds it done. */
function createFile(path: string): void {
  const database = openDatabase(path, { ...writerOptions, synchronous: 'NORMAL' })
  database.exec('BEGIN IMMEDIATE')
  const { complete, first, next } = database
    .prepare(catalogue.catalogueState)
    .get() as unknown as catalogue.CatalogueState
  if (first) database.exec(catalogue.addPartitions)
  if ((first || next) && !complete) database.exec(catalogue.addUnits)
  database.exec(`${catalogue.createCatalogue.join(';')}; COMMIT`)
  closeDatabase(database)
}

function promotion(build: Build, replacing?: Replacing): Batch {
  if (!replacing) return { guard: guarded(catalogue.makeLive, build.build), statements: [] }
  return {
    guard: guarded(catalogue.takeReplaced, build.build, replacing.build.build, JSON.stringify(replacing.at)),
    statements: [{ sql: catalogue.makeLive, columns: [[build.build]] }],
  }
}

function guarded(sql: string, ...params: SqlValue[]): Guard {
  return { sql, params, changes: 1 }
}

function once(sql: string): BatchStatement {
  return { sql, columns: [] }
}

/** What a verification left behind whose process was killed. */
function removeLeftOverScratch(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(scratchPrefix)) continue
    const path = join(folder, name)
    const owner = Number.parseInt(name.slice(scratchPrefix.length), 10)
    const created = statSync(path, { throwIfNoEntry: false })?.mtimeMs
    if (created !== undefined && isAbandoned({ owner, created }))
      rmSync(path, { recursive: true, force: true })
  }
}
