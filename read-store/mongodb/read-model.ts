import type { ClientSession, Collection, FindOptions } from 'mongodb'
import { ReadStoreError } from '../errors.js'
import { gone, partitionOf } from '../fencing.js'
import { checkpointIds, type BuildEntry, type StoredCollection } from './catalogue.js'
import { rowOf, type StoredDocument } from './document.js'
import type { MongoDbHost } from './host.js'
import { pageOf, pageQuestion } from './page.js'
import type { Query, ReadModel, Row, RowPage } from '../port.js'

/** So many ids a question. */
const idsAtOnce = 10_000

/** Reads one build. */
export class MongoDbReadModel implements ReadModel {
  readonly projection: string
  readonly version: number
  readonly build: string
  readonly partitions: number

  constructor(
    protected readonly host: MongoDbHost,
    protected readonly entry: BuildEntry,
    /** Reads are of the moment of a snapshot session, or of now. */
    protected readonly session?: ClientSession,
  ) {
    this.projection = entry.projection
    this.version = entry.version
    this.build = entry.build
    this.partitions = entry.partitions
  }

  /** @throws {Fenced} the build has been replaced or discarded */
  async checkpoint(partition?: number): Promise<number> {
    const at = partition === undefined ? undefined : partitionOf(this, partition)
    const checkpoints = (await this.marks()).map(({ checkpoint }) => checkpoint)
    return (at === undefined ? undefined : checkpoints[at]) ?? Math.min(...checkpoints)
  }

  /** @throws {Fenced} the build has been replaced or discarded */
  async lastUnit(partition: number): Promise<string> {
    const at = partitionOf(this, partition)
    return (await this.marks())[at]?.unit ?? ''
  }

  /** @throws {Fenced} the build has been replaced or discarded, and its documents are gone */
  async getMany(collection: string, ids: readonly string[]): Promise<Row[]> {
    const { documents } = this.stored(collection)
    const wanted = [...new Set(ids)]
    const rows: Row[] = []
    for (let from = 0; from < wanted.length; from += idsAtOnce) {
      const some = wanted.slice(from, from + idsAtOnce)
      const found = await this.found((reading) =>
        this.collection(documents)
          .find({ _id: { $in: some } }, { ...reading, batchSize: some.length + 1 })
          .toArray(),
      )
      rows.push(...found.map(rowOf))
    }
    return rows
  }

  /**
   * @throws {InvalidCursor} `after` is not a cursor of this list
   * @throws {Fenced} the build has been replaced or discarded, and its documents are gone
   */
  async page(collection: string, query: Query): Promise<RowPage> {
    const stored = this.stored(collection)
    const { filter, ...walk } = pageQuestion(collection, stored, query)
    const found = await this.found((reading) =>
      this.collection(stored.documents)
        .find(filter, { ...reading, ...walk, batchSize: walk.limit })
        .toArray(),
    )
    return pageOf(collection, stored, query, found)
  }

  /**
   * Counts the entries of the index of ids, each time anew: the server's own count is an estimate.
   *
   * @throws {Fenced} the build has been replaced or discarded, and its documents are gone
   */
  async count(collection: string): Promise<number> {
    const { documents } = this.stored(collection)
    const [count] = await this.found(async (reading) => {
      const counted = await this.collection(documents).countDocuments({}, { ...reading, hint: { _id: 1 } })
      return counted > 0 ? [counted] : []
    })
    return count ?? 0
  }

  /** Where the partitions stand, in their order, and which unit of work was the last of each. */
  protected async marks(): Promise<readonly Mark[]> {
    const ids = checkpointIds(this.entry)
    const { checkpoints } = this.host.catalogue
    const found = await this.read((reading) => checkpoints.find({ _id: { $in: ids } }, reading).toArray())
    const byId = new Map(found.map((mark) => [mark._id, mark]))
    return ids.map((id) => {
      const mark = byId.get(id)
      if (!mark) throw gone(this)
      return { checkpoint: mark.checkpoint, unit: mark.unit }
    })
  }

  /**
   * What was found. A collection that has been dropped answers as an empty one, or with an error if that happens while
   * it is read. So whoever finds nothing makes sure that the build is still there: it leaves the catalogue first.
   */
  protected async found<T>(find: (reading: FindOptions) => Promise<T[]>): Promise<T[]> {
    const outcome = await this.read(find).catch((error: unknown) => ({ error }))
    if ('error' in outcome && outcome.error instanceof ReadStoreError) throw outcome.error
    if (!('error' in outcome) && outcome.length > 0) return outcome
    const { builds } = this.host.catalogue
    const kept = await this.host.ask(() => builds.findOne({ _id: this.build }, { projection: { _id: 1 } }))
    if (!kept) throw gone(this)
    if ('error' in outcome) throw outcome.error
    return outcome
  }

  protected stored(collection: string): StoredCollection {
    const stored = this.entry.collections.get(collection)
    if (!stored) throw new TypeError(`projection ${this.projection} has no collection ${collection}`)
    return stored
  }

  private collection(documents: string): Collection<StoredDocument> {
    return this.host.database.collection(documents)
  }

  /** As of the snapshot, or of all that was written here. */
  protected read<T>(find: (reading: FindOptions) => Promise<T>): Promise<T> {
    const { host, session } = this
    if (session) return host.ask(() => find({ session, readConcern: 'snapshot' }))
    return host.ask(() => host.read((own) => find(own ? { session: own } : {})))
  }
}

/** Where one partition stands. */
export interface Mark {
  readonly checkpoint: number
  readonly unit: string | undefined
}
