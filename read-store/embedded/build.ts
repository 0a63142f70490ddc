import { randomUUID } from 'node:crypto'
import type { Batch, Outcome } from '../../sqlite/batch.js'
import { moveCheckpoint, pathOf, readEntry, type BuildEntry } from './catalogue.js'
import { closeReader, EmbeddedReadModel, type Reader } from './read-model.js'
import { statementsOf } from './writes.js'
import { movedOn, partitionOf } from '../fencing.js'
import type { Build, Snapshot, UnitOfWork } from '../port.js'

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
    const partition = partitionOf(this, unit.partition)
    const { expected, checkpoint, name = randomUUID(), after = null } = unit
    const params = [this.build, pathOf(partition), expected, checkpoint, name, after]
    const guard = { sql: moveCheckpoint, params, changes: 1 }
    if ((await this.host.apply({ guard, statements })) === 'applied') return
    throw movedOn(this, partition, await this.checkpoint(partition), expected)
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
