import type { ClientSession, FindOptions } from 'mongodb'
import { randomUUID } from 'node:crypto'
import { Fenced, ReadStoreError, ReadStoreUnavailable, SnapshotLost } from '../errors.js'
import type { BuildEntry } from './catalogue.js'
import type { MongoDbHost } from './host.js'
import { dropLeftOvers } from './left-overs.js'
import { MongoDbReadModel, type Mark } from './read-model.js'
import { isTooOld } from './trouble.js'
import type { Snapshot } from '../port.js'

/**
 * A session whose reads are all of one moment. The server can read the past for 5 minutes, or for as long as its
 * `minSnapshotHistoryWindowInSeconds` says. Until the snapshot is closed its collections stay, also if the build is
 * replaced.
 *
 * Some servers only speak MongoDB's protocol and keep no history: they name no moment. There an answer is given only
 * if no unit of work came since the snapshot was opened.
 */
export class MongoDbSnapshot extends MongoDbReadModel implements Snapshot {
  readonly #id = randomUUID()
  readonly #session: ClientSession
  /** Where the partitions stood at that moment. */
  #marks: readonly Mark[] | undefined

  /** @throws {Fenced} the build has been replaced or discarded */
  static async open(host: MongoDbHost, entry: BuildEntry): Promise<MongoDbSnapshot> {
    const snapshot = new MongoDbSnapshot(host, entry, host.client.startSession({ snapshot: true }))
    try {
      await snapshot.#begin()
      return snapshot
    } catch (error) {
      await snapshot.close()
      throw error
    }
  }

  private constructor(host: MongoDbHost, entry: BuildEntry, session: ClientSession) {
    super(host, entry, session)
    this.#session = session
  }

  async close(): Promise<void> {
    await this.#session.endSession()
    try {
      await this.host.ask(() => this.host.catalogue.snapshots.deleteOne({ _id: this.#id }))
      await dropLeftOvers(this.host)
    } catch (error) {
      // What cannot be removed now is removed when this store is closed, or has died.
      if (!(error instanceof ReadStoreError)) throw error
    }
  }

  protected override async marks(): Promise<readonly Mark[]> {
    return this.#marks ?? super.marks()
  }

  protected override async found<T>(find: (reading: FindOptions) => Promise<T[]>): Promise<T[]> {
    const found = await this.#asking(() => this.read(find))
    if (!hasMoment(this.#session) && (await this.#hasMoved()))
      throw this.#lost('its documents have changed, and the server keeps no history')
    return found
  }

  /** First the collections are kept, then the moment is chosen: had the build gone in between, it would show. */
  async #begin(): Promise<void> {
    const { build, host } = this
    await host.ask(() => host.owner.appear())
    const kept = { build, owner: host.owner.id }
    await host.ask(() =>
      host.catalogue.snapshots.updateOne({ _id: this.#id }, { $set: kept }, { upsert: true }),
    )
    this.#marks = await this.#asking(() => super.marks())
  }

  async #hasMoved(): Promise<boolean> {
    const then = this.#marks ?? []
    try {
      const now = await super.marks()
      return now.some(({ unit }, partition) => unit !== then[partition]?.unit)
    } catch (error) {
      if (error instanceof Fenced) return true
      throw error
    }
  }

  async #asking<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question()
    } catch (error) {
      const reason = error instanceof ReadStoreUnavailable ? error.cause : error
      if (isTooOld(reason))
        throw this.#lost(
          'it is older than the history that the server keeps (minSnapshotHistoryWindowInSeconds)',
        )
      throw error
    }
  }

  #lost(reason: string): SnapshotLost {
    return new SnapshotLost(`the snapshot of ${this.projection} can be read no longer: ${reason}`)
  }
}

/** The driver keeps the moment to itself. Should it come to hide it altogether, snapshots err on the safe side. */
function hasMoment(session: ClientSession & { readonly snapshotTime?: unknown }): boolean {
  return session.snapshotTime !== undefined
}
