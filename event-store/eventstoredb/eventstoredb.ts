import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { NewEvent, RecordedEvent } from '../../domain/event.js'
import { readAddress } from './address.js'
import { Appends } from './append.js'
import { claimLog } from './claim.js'
import { Connection } from './connection.js'
import { EventFormat } from './events.js'
import { Follower } from './follow.js'
import { KnownStreams } from './known.js'
import { StreamNames } from './names.js'
import { assertNamespaceIsOurs, NewestFirst } from './newest.js'
import { Pages } from './pages.js'
import { closed, defaultPatience, Patience, type EventStoreTrouble, type PatienceLimits } from './patience.js'
import { Reads } from './reads.js'
import { Records } from './records.js'
import { Restore } from './restore.js'
import { Tails } from './tails.js'
import type { EventStore } from '../port.js'

export type { EventStoreTrouble, PatienceLimits }

export interface EventStoreDbOptions {
  /** `esdb://…` */
  readonly url: string
  /** Streams are called `<namespace>.<stream>` in the server: for a server that others use as well. */
  readonly namespace?: string
  /** Is told of what goes wrong with the server and is tried again. */
  readonly report?: (trouble: EventStoreTrouble) => void
  readonly patience?: Partial<PatienceLimits>
  /**
   * Ids that are held in memory, of the streams that were appended to last: some 100 bytes each. Default 500,000. More
   * are worth it where more are imported twice: an id that is not held costs the reading of its stream.
   */
  readonly idsInMemory?: number
}

/** The log in EventStoreDB can also take in another log as it is. */
export interface EventStoreDb extends EventStore {
  /** Begins after the last event that the log holds. Nobody else may append meanwhile. */
  restore(): Promise<Restore>
}

/**
 * Opens a log that EventStoreDB (23.10 or newer) keeps. Waits for the server for a bounded time.
 *
 * @throws {LogUnusable} the connection string is none, or the namespace is another application's
 * @throws {LogAccessDenied}
 * @throws {LogUnreachable} the server is not there, or something else is
 */
export async function openEventStoreDb(options: EventStoreDbOptions): Promise<EventStoreDb> {
  const { url, namespace, report = () => {}, idsInMemory = 500_000 } = options
  const names = new StreamNames(namespace)
  const address = readAddress(url)
  const closing = new AbortController()
  // Everybody who waits for the server listens to it.
  setMaxListeners(0, closing.signal)
  const limits = { ...defaultPatience, ...options.patience }
  const patience = new Patience(address, limits, report, closing.signal)
  const connection = new Connection(address, limits.answer)
  const reads = new Reads(connection.client, limits.answer)
  const format = new EventFormat(names, randomBytes(6).toString('base64url'))
  try {
    const start = await claimLog(connection, reads, names, patience)
    const records = new Records(reads, start)
    await patience.retry('opening', () => assertNamespaceIsOurs(records, names, format))
    const known = new KnownStreams(idsInMemory)
    return new Opened({ names, patience, connection, reads, format, records, known, closing })
  } catch (error) {
    closing.abort()
    await connection.close()
    throw error
  }
}

interface Parts {
  readonly names: StreamNames
  readonly patience: Patience
  readonly connection: Connection
  readonly reads: Reads
  readonly format: EventFormat
  readonly records: Records
  readonly known: KnownStreams
  readonly closing: AbortController
}

class Opened implements EventStoreDb {
  readonly #parts: Parts
  readonly #appends: Appends
  readonly #pages: Pages
  readonly #newest: NewestFirst
  readonly #follower: Follower
  #closed: Promise<void> | undefined

  constructor(parts: Parts) {
    const { names, patience, connection, reads, format, records, known } = parts
    this.#parts = parts
    const tails = new Tails(reads, format)
    this.#appends = new Appends({ connection, names, format, tails, patience, known })
    this.#pages = new Pages(reads, records, names, format, patience)
    this.#newest = new NewestFirst(records, this.#pages, format, patience)
    this.#follower = new Follower({ connection, records, newest: this.#newest, names, format, patience })
  }

  async append(events: readonly NewEvent[], expect: Parameters<EventStore['append']>[1] = []) {
    this.#assertOpen()
    const appended = await this.#appends.append(events, expect)
    this.#newest.passed(appended.position)
    return appended
  }

  async readStream(stream: string, page: Parameters<EventStore['readStream']>[1]): Promise<RecordedEvent[]> {
    this.#assertOpen()
    return this.#pages.ofStream(stream, page)
  }

  async readAll(page: Parameters<EventStore['readAll']>[0]) {
    this.#assertOpen()
    return this.#pages.ofLog(page)
  }

  follow(page: Parameters<EventStore['follow']>[0], signal: AbortSignal) {
    return this.#follower.follow(page, AbortSignal.any([signal, this.#parts.closing.signal]))
  }

  async head() {
    this.#assertOpen()
    return this.#newest.head()
  }

  async streams(page: Parameters<EventStore['streams']>[0]) {
    this.#assertOpen()
    return this.#newest.streams(page)
  }

  async restore(): Promise<Restore> {
    return new Restore(this.#parts, await this.head())
  }

  /** Ends what is under way. An append that was not answered may have been made. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const { closing, reads, connection } = this.#parts
    closing.abort()
    reads.close()
    await connection.close()
  }

  #assertOpen(): void {
    if (this.#closed) throw closed()
  }
}
