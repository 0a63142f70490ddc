import type { ClientSession, Db, MongoClient, Timestamp, TransactionOptions } from 'mongodb'
import { setTimeout as pause } from 'node:timers/promises'
import { ReadStoreError, ReadStoreUnavailable } from '../errors.js'
import { catalogueOf, type Catalogue } from './catalogue.js'
import type { MongoDbReport } from './connection.js'
import { MongoDbOwner } from './owner.js'
import { isPassing, troubleOf } from './trouble.js'

/** A transaction is all or nothing on a majority of the members, or not at all. */
const transactionOptions: TransactionOptions = {
  readConcern: { level: 'majority' },
  writeConcern: { w: 'majority' },
  readPreference: 'primary',
}

/** One database on one connection, and how it is asked: every part of a store shares this. */
export class MongoDbHost {
  readonly catalogue: Catalogue
  readonly owner: MongoDbOwner
  #closed = false
  /** When the last transaction was, by the clock of the servers. */
  #written: Timestamp | undefined
  #session: ClientSession | undefined
  /** Settled when the change of the catalogue before is. */
  #before: Promise<unknown> = Promise.resolve()

  constructor(
    readonly client: MongoClient,
    readonly database: Db,
    readonly server: string,
    private readonly report: (report: MongoDbReport) => void,
    /** How long a write is tried again that was interrupted, in milliseconds. */
    private readonly patience = 20_000,
  ) {
    this.catalogue = catalogueOf(database)
    this.owner = new MongoDbOwner(this.catalogue.owners)
  }

  /** Another database of the same server. */
  beside(database: string): MongoDbHost {
    return new MongoDbHost(this.client, this.client.db(database), this.server, this.report, this.patience)
  }

  /**
   * Asks once. The driver repeats a read, or a write of one document, whose connection broke.
   *
   * @throws {ReadStoreUnavailable | ReadStoreAccessDenied}
   */
  async ask<T>(question: () => Promise<T>): Promise<T> {
    // The driver would connect again.
    if (this.#closed) throw new ReadStoreUnavailable('the read store is closed')
    try {
      return await question()
    } catch (error) {
      throw troubleOf(error, this.server)
    }
  }

  /**
   * Reads, and sees what was written in transactions before. A member that has just become the primary has it as well, but
   * may not know yet that a majority does, and would answer with what there was before (MongoDB manual, Causal
   * Consistency and Read and Write Concerns).
   */
  async read<T>(read: (session?: ClientSession) => Promise<T>): Promise<T> {
    const written = this.#written
    if (!written) return read()
    return this.client.withSession((session) => {
      session.advanceOperationTime(written)
      return read(session)
    })
  }

  #wrote({ operationTime }: ClientSession): void {
    if (operationTime && !this.#written?.greaterThan(operationTime)) this.#written = operationTime
  }

  /**
   * Does what may be done again until it succeeds, for a while.
   *
   * @param again what to do before another attempt, given what stopped the one before
   * @throws {ReadStoreUnavailable} it did not: whether it was done is not known
   */
  async insist<T>(
    act: () => Promise<T>,
    again: (error: unknown) => Promise<void> = async () => {},
  ): Promise<T> {
    const deadline = performance.now() + this.patience
    for (let wait = 10; ; wait = Math.min(wait * 2, 1_000)) {
      const outcome = await this.ask(() => act().then(done, (error: unknown) => ({ error })))
      if (!('error' in outcome)) return outcome.value
      const { error } = outcome
      if (!isPassing(error) || performance.now() > deadline) throw troubleOf(error, this.server)
      const retryInMilliseconds = Math.ceil(wait * (0.5 + Math.random() / 2))
      this.report({ type: 'retrying', reason: (error as Error).message, retryInMilliseconds })
      await pause(retryInMilliseconds)
      // Where that does not help either, the next attempt will tell.
      await again(error).catch((trouble: unknown) => {
        if (!(trouble instanceof ReadStoreError)) throw trouble
      })
    }
  }

  /**
   * Does something in a transaction. It may be done again, even when it was done: a commit whose answer is lost may
   * have happened. So `act` must look first, and find out. The same session is used all the time: its next
   * transaction ends the one before, should the server have it open still.
   */
  async transact<T>(
    session: ClientSession,
    act: () => Promise<T>,
    again?: (error: unknown) => Promise<void>,
  ): Promise<T> {
    return this.insist(async () => {
      session.startTransaction(transactionOptions)
      try {
        const answer = await act()
        // Also where nothing was written: it makes sure that what was read is on a majority of the members.
        await session.commitTransaction()
        this.#wrote(session)
        return answer
      } catch (error) {
        if (session.inTransaction()) await session.abortTransaction()
        throw error
      }
    }, again)
  }

  /**
   * A transaction on the catalogue. They come one after another, in a session that is kept: what one leaves open whose
   * server was away, the next one ends. Else it would stay in everybody's way until its lifetime is over (60 s).
   */
  async change<T>(
    act: (session: ClientSession) => Promise<T>,
    again?: (error: unknown) => Promise<void>,
  ): Promise<T> {
    const changed = this.#before.then(() => {
      const session = (this.#session ??= this.client.startSession())
      return this.transact(session, () => act(session), again)
    })
    this.#before = changed.catch(() => {})
    return changed
  }

  /** From now on every question is refused. */
  async shut(): Promise<void> {
    this.#closed = true
    await this.#before
    await this.#session?.endSession()
  }
}

function done<T>(value: T): { value: T } {
  return { value }
}
