import type { Batch, Outcome } from '../sqlite/batch.js'
import { moveCheckpoint, readEntry, type BuildEntry } from './embedded-catalogue.js'
import { closeReader, EmbeddedReadModel, type Reader } from './embedded-read-model.js'
import { statementsOf } from './embedded-writes.js'
import { Fenced } from './errors.js'
import type { Build, Snapshot, UnitOfWork } from './port.js'

/** What a build needs of its store. */
export interface BuildHost {
  readonly reader: Reader
  apply(batch: Batch): Promise<Outcome>
  /** Another connection. The store closes it at the latest when it is closed itself. */
  openReader(): Reader
}

/** A build in the embedded store. Several commits may be under way at once; they are applied in order. */
export class EmbeddedBuild extends EmbeddedReadModel implements Build {
  constructor(
    entry: BuildEntry,
    private readonly host: BuildHost,
  ) {
    super(entry, host.reader)
  }

  async commit(unit: UnitOfWork): Promise<void> {
    const statements = Object.entries(unit.writes).flatMap(([collection, writes]) =>
      statementsOf(this.table(collection), writes),
    )
    const guard = { sql: moveCheckpoint, params: [this.build, unit.expected, unit.checkpoint], changes: 1 }
    if ((await this.host.apply({ guard, statements })) === 'applied') return
    const status = this.status()
    if (!status) throw this.gone()
    throw new Fenced(
      `the checkpoint of ${this.projection} (build ${this.build}) is at ${status.checkpoint}, ` +
        `not at ${unit.expected} as expected: another runner moved it`,
    )
  }

  async snapshot(): Promise<Snapshot> {
    const reader = this.host.openReader()
    reader.database.exec('BEGIN')
    const entry = readEntry(reader.prepared, this.build)
    if (entry) return new EmbeddedSnapshot(entry, reader)
    closeReader(reader)
    throw this.gone()
  }
}

/** A connection whose read transaction began with the catalogue and stays open: nothing moves under it. */
class EmbeddedSnapshot extends EmbeddedReadModel implements Snapshot {
  async close(): Promise<void> {
    closeReader(this.reader)
  }
}
