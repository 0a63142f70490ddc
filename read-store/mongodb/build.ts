import type { AnyBulkWriteOperation } from 'mongodb'
import { partitionOf } from '../fencing.js'
import type { StoredDocument } from './document.js'
import { MongoDbReadModel } from './read-model.js'
import { MongoDbSnapshot } from './snapshot.js'
import { operationsOf, UnitWriter } from './unit-of-work.js'
import type { Build, Snapshot, UnitOfWork } from '../port.js'

/** A build in MongoDB. Several commits may be under way at once; those of a partition are applied in order. */
export class MongoDbBuild extends MongoDbReadModel implements Build {
  readonly #writers = new Map<number, UnitWriter>()

  async commit({ partition, writes, ...unit }: UnitOfWork): Promise<void> {
    const writer = this.#writerOf(partitionOf(this, partition))
    const prepared = new Map<string, AnyBulkWriteOperation<StoredDocument>[]>()
    for (const [collection, some] of Object.entries(writes)) {
      const stored = this.stored(collection)
      const operations = operationsOf(stored, some)
      if (operations.length > 0) prepared.set(stored.documents, operations)
    }
    await writer.write({ ...unit, writes: prepared })
  }

  async snapshot(): Promise<Snapshot> {
    return MongoDbSnapshot.open(this.host, this.entry)
  }

  /** Waits for what is under way. */
  async end(): Promise<void> {
    await Promise.all([...this.#writers.values()].map((writer) => writer.end()))
  }

  #writerOf(partition: number): UnitWriter {
    let writer = this.#writers.get(partition)
    if (!writer) this.#writers.set(partition, (writer = new UnitWriter(this.host, this, partition)))
    return writer
  }
}
