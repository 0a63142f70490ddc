import type { AnyBulkWriteOperation, ClientSession } from 'mongodb'
import { randomUUID } from 'node:crypto'
import { gone, movedOn } from '../fencing.js'
import { checkpointId, type StoredCollection } from './catalogue.js'
import { storedDocument, type StoredDocument } from './document.js'
import type { MongoDbHost } from './host.js'
import { claimPartition, endRunners } from './runner.js'
import { isConflict } from './trouble.js'
import type { Build, UnitOfWork, Write } from '../port.js'

/** A unit of work as it goes to the server: by collection of the database. */
export interface PreparedUnit extends Omit<UnitOfWork, 'partition' | 'writes'> {
  readonly writes: ReadonlyMap<string, AnyBulkWriteOperation<StoredDocument>[]>
}

/** The writes of one collection, each id once: of several the last one counts. Reads the documents. */
export function operationsOf(
  { fields }: StoredCollection,
  writes: readonly Write[],
): AnyBulkWriteOperation<StoredDocument>[] {
  const last = new Map<string, Write>()
  for (const write of writes) last.set(write.id, write)
  return [...last.values()].map(({ id, document }) => {
    // As with the embedded engine. Half a surrogate pair would become another character.
    if (id.includes('\0') || !id.isWellFormed())
      throw new TypeError('an id cannot hold the character U+0000 or half a surrogate pair')
    if (document === undefined) return { deleteOne: { filter: { _id: id } } }
    const { _id, ...replacement } = storedDocument(id, document, fields)
    return { replaceOne: { filter: { _id }, replacement, upsert: true } }
  })
}

/**
 * Writes the units of one partition, one after another, each in a transaction that moves the checkpoint first: a second
 * runner is refused before it sends a document.
 */
export class UnitWriter {
  #session: ClientSession | undefined
  /** Settled when the unit before is. */
  #before: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly host: MongoDbHost,
    private readonly build: Build,
    private readonly partition: number,
  ) {}

  /** @throws {Fenced} */
  async write(unit: PreparedUnit): Promise<void> {
    const written = this.#before.then(() => this.#write(unit))
    this.#before = written.catch(() => {})
    return written
  }

  /** Waits for the units that are under way. */
  async end(): Promise<void> {
    await this.#before
    await this.#session?.endSession()
    this.#session = undefined
  }

  /**
   * The unit leaves its name with the checkpoint. A commit whose answer was lost is tried again, and refused if it
   * happened: then the name there is its own.
   */
  async #write(prepared: PreparedUnit): Promise<void> {
    const { expected, checkpoint, after, name: unit = randomUUID(), writes } = prepared
    const { host, build, partition } = this
    const { checkpoints } = host.catalogue
    const session = await this.#begin()
    const _id = checkpointId(build.build, partition)
    const act = async () => {
      const last = after === undefined ? { $ne: unit } : after === '' ? { $exists: false } : after
      const here = { _id, checkpoint: expected, unit: last }
      const moved = await checkpoints.updateOne(here, { $set: { checkpoint, unit } }, { session })
      if (moved.matchedCount === 0) return checkpoints.findOne({ _id }, { session })
      for (const [documents, operations] of writes) {
        const collection = host.database.collection<StoredDocument>(documents)
        await collection.bulkWrite(operations, { session, ordered: false })
      }
      return { unit, checkpoint }
    }
    // Another runner came after us, and may be dead by now.
    const makeWay = async (error: unknown) => {
      if (isConflict(error)) await endRunners(host, { _id }, session)
    }
    const stands = await host.transact(session, act, makeWay)
    if (stands?.unit === unit) return
    if (stands) throw movedOn(build, partition, stands.checkpoint, expected)
    await host.ask(() => host.catalogue.runners.deleteOne({ _id }))
    await session.endSession()
    this.#session = undefined
    throw gone(build)
  }

  async #begin(): Promise<ClientSession> {
    if (this.#session) return this.#session
    const session = this.host.client.startSession()
    try {
      await claimPartition(this.host, this.build.build, this.partition, session)
    } catch (error) {
      await session.endSession()
      throw error
    }
    this.#session = session
    return session
  }
}
