import { randomBytes, randomUUID } from 'node:crypto'
import { Fenced } from '../errors.js'
import { startOf } from '../fencing.js'
import { MongoDbBuild } from './build.js'
import { checkpointId, declared, entryOf, type BuildDocument } from './catalogue.js'
import { connect, type MongoDbOptions } from './connection.js'
import { MongoDbHost } from './host.js'
import { checkIndexes, createCollection } from './index.js'
import { dropLeftOvers, removeDead } from './left-overs.js'
import { readLeases, releaseLease, takeLease } from './leases.js'
import { discardBuild, promoteBuild } from './promotion.js'
import type { Build, Collections, Lease, ReadStore, Replacing } from '../port.js'

export type { MongoDbOptions, MongoDbPatience, MongoDbReport } from './connection.js'

/**
 * Opens the read store of many machines: a database of a MongoDB replica set (or of a sharded cluster), 6.0 or later.
 * Any number of processes may have it open, reading and writing; checkpoints fence the second runner.
 *
 * @throws {InvalidReadStoreUrl | ReadStoreAccessDenied | ReadStoreUnavailable | NotAReplicaSet | IndexMismatch}
 */
export async function openMongoDbReadStore(options: MongoDbOptions): Promise<ReadStore> {
  const { report = () => {}, patience } = options
  const { client, database, server } = await connect(options)
  const host = new MongoDbHost(client, client.db(database), server, report, patience?.write)
  try {
    return await MongoDbReadStore.open(host, {
      closed: () => client.close(),
      indexCreated: (index) => report({ type: 'index-created', index }),
    })
  } catch (error) {
    await client.close()
    throw error
  }
}

interface Opening {
  /** Called last. */
  readonly closed: () => Promise<unknown>
  readonly indexCreated?: (index: string) => void
}

class MongoDbReadStore implements ReadStore {
  readonly #live = new Map<string, MongoDbBuild>()
  readonly #builds = new Set<MongoDbBuild>()
  #closing: Promise<void> | undefined

  static async open(host: MongoDbHost, opening: Opening): Promise<MongoDbReadStore> {
    const { builds } = host.catalogue
    const oneLive = { name: 'live', unique: true, partialFilterExpression: { state: 'live' } }
    await host.insist(() => builds.createIndex({ projection: 1 }, oneLive))
    const live = await host.ask(() => builds.find({ state: 'live' }).toArray())
    for (const build of live)
      (await checkIndexes(host, entryOf(build))).forEach(opening.indexCreated ?? (() => {}))
    await dropLeftOvers(host)
    await removeDead(host)
    return new MongoDbReadStore(host, opening)
  }

  private constructor(
    private readonly host: MongoDbHost,
    private readonly opening: Opening,
  ) {}

  /** One look-up in an index: another process may have promoted a build since the last call. */
  async live(projection: string): Promise<Build | undefined> {
    const { builds } = this.host.catalogue
    const found = await this.host.ask(() => builds.findOne({ projection, state: 'live' }))
    return found ? this.#liveBuild(found) : undefined
  }

  /** Asking the server takes as long as reading. */
  dataVersion(): undefined {
    return undefined
  }

  async all(): Promise<Build[]> {
    const { builds } = this.host.catalogue
    const found = await this.host.ask(() => builds.find({ state: 'live' }).sort({ projection: 1 }).toArray())
    return found.map((build) => this.#liveBuild(build))
  }

  /** The catalogue first, then the collections: they are never left over before they are used. */
  async create(
    projection: string,
    version: number,
    collections: Collections,
    partitions = 1,
  ): Promise<Build> {
    const { host } = this
    const starts = startOf(partitions)
    const _id = randomUUID()
    const stored = declared(projection, _id, collections)
    await host.ask(() => host.owner.appear())
    await this.#discardAbandoned(projection)
    const made = { owner: host.owner.id, created: new Date(), state: 'building' } as const
    const document: BuildDocument = { _id, projection, version, partitions, ...made, collections: stored }
    const marks = starts.map((checkpoint, partition) => ({
      replaceOne: {
        filter: { _id: checkpointId(_id, partition) },
        replacement: { build: _id, checkpoint },
        upsert: true,
      },
    }))
    await host.insist(() => host.catalogue.builds.replaceOne({ _id }, document, { upsert: true }))
    await host.insist(() => host.catalogue.checkpoints.bulkWrite(marks))
    const entry = entryOf(document)
    await Promise.all([...entry.collections.values()].map((collection) => createCollection(host, collection)))
    return this.#opened(new MongoDbBuild(host, entry))
  }

  async promote(build: Build, replacing?: Replacing): Promise<void> {
    await promoteBuild(this.host, build, replacing)
    // The same object from now on: its next unit of work ends the transaction that an interrupted one left open.
    for (const own of this.#builds) if (own.build === build.build) this.#live.set(own.projection, own)
    await dropLeftOvers(this.host)
  }

  async discard(build: Build): Promise<void> {
    await discardBuild(this.host, build)
    if ((await this.live(build.projection))?.build === build.build)
      throw new Fenced(`build ${build.build} of ${build.projection} is live: only replacing it discards it`)
    await dropLeftOvers(this.host)
  }

  /** A database of its own, named after ours. */
  async scratch(): Promise<ReadStore> {
    const { host } = this
    const name = `${host.database.databaseName.slice(0, 40)}-scratch-${randomBytes(6).toString('hex')}`
    await host.ask(() => host.owner.appear())
    const owned = { $set: { owner: host.owner.id } }
    await host.insist(() => host.catalogue.scratches.updateOne({ _id: name }, owned, { upsert: true }))
    const scratch = host.beside(name)
    return MongoDbReadStore.open(scratch, {
      closed: async () => {
        await host.insist(() => scratch.database.dropDatabase())
        await host.ask(() => host.catalogue.scratches.deleteOne({ _id: name }))
      },
    })
  }

  async lease(name: string, holder: string, milliseconds: number): Promise<boolean> {
    return this.host.ask(() => takeLease(this.host.catalogue.leases, name, holder, milliseconds))
  }

  async release(name: string, holder: string): Promise<void> {
    await this.host.ask(() => releaseLease(this.host.catalogue.leases, name, holder))
  }

  async leases(): Promise<Lease[]> {
    return this.host.ask(() => readLeases(this.host.catalogue.leases))
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  async #close(): Promise<void> {
    for (const build of this.#builds) await build.end()
    // Where the server is away its time runs out.
    await this.host.owner.disappear().catch(() => {})
    await this.host.shut()
    await this.opening.closed()
  }

  #liveBuild(document: BuildDocument): MongoDbBuild {
    const known = this.#live.get(document.projection)
    if (known?.build === document._id) return known
    const build = this.#opened(new MongoDbBuild(this.host, entryOf(document)))
    this.#live.set(document.projection, build)
    return build
  }

  #opened(build: MongoDbBuild): MongoDbBuild {
    this.#builds.add(build)
    return build
  }

  /** Several processes may rebuild one projection at once, but nobody goes on with the build of a dead one. */
  async #discardAbandoned(projection: string): Promise<void> {
    const { catalogue, owner } = this.host
    const building = await this.host.ask(() =>
      catalogue.builds.find({ projection, state: 'building' }).toArray(),
    )
    if (building.length === 0) return
    const living = await this.host.ask(() => owner.living())
    const abandoned = building.filter((build) => !living.has(build.owner))
    for (const build of abandoned) await discardBuild(this.host, entryOf(build))
    if (abandoned.length > 0) await dropLeftOvers(this.host)
  }
}
