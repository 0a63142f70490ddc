import type { NewEvent, RecordedEvent } from '../../domain/event.js'
import { makeFolder } from '../../sqlite/folder.js'
import { Bell } from './bell.js'
import { GroupCommit } from './commit.js'
import { IndexFile } from './index.js'
import { LogFile } from './log.js'
import { EventLocator } from './locator.js'
import type {
  Appended,
  EventStore,
  Expectation,
  LogPage,
  ReadAll,
  ReadStream,
  StreamSummary,
} from '../port.js'

/** How long a follower waits before it looks for events of another process, in milliseconds. */
const lookAgainAfter = 20

export interface EmbeddedOptions {
  /** The bell of another thread of this process that has the same folder open. */
  readonly bell?: SharedArrayBuffer
  /** The index takes in so many events at a time. Some times as many may wait for it in memory. Default 65,536. */
  readonly tail?: number
}

/** The embedded event store also tells other threads how to hear its appends. */
export interface EmbeddedEventStore extends EventStore {
  readonly bell: Bell
}

/**
 * Opens the log of a folder, creating both if need be. Any number of processes may have it open; appends of
 * several processes take turns, so all of them may write.
 *
 * @throws {LogUnusable} the folder holds another application's files
 */
export function openEmbeddedEventStore(folder: string, options: EmbeddedOptions = {}): EmbeddedEventStore {
  makeFolder(folder)
  const log = new LogFile(folder)
  const index = new IndexFile(folder, log.id, () => log.head())
  return new Embedded(log, index, options)
}

class Embedded implements EmbeddedEventStore {
  readonly #log: LogFile
  readonly #index: IndexFile
  readonly #locator: EventLocator
  readonly #commits: GroupCommit
  readonly bell: Bell
  #closed: Promise<void> | undefined

  constructor(log: LogFile, index: IndexFile, { bell, tail }: EmbeddedOptions) {
    this.#log = log
    this.#index = index
    this.bell = new Bell(bell)
    this.#locator = new EventLocator(log, index, tail)
    this.#commits = new GroupCommit(log, this.#locator, this.bell)
  }

  append(events: readonly NewEvent[], expect: readonly Expectation[] = []): Promise<Appended> {
    return this.#commits.append(events, expect)
  }

  async readStream(stream: string, { direction, from, limit }: ReadStream): Promise<RecordedEvent[]> {
    await this.#locator.catchUp()
    const backward = direction === 'backward'
    const start = from ?? (backward ? Number.MAX_SAFE_INTEGER : 0)
    return this.#locator
      .positions(stream, start, backward, limit)
      .map((position) => this.#log.event(position))
  }

  async readAll(page: ReadAll): Promise<LogPage> {
    return this.#log.read(page)
  }

  async *follow(page: ReadAll, signal: AbortSignal): AsyncIterable<LogPage> {
    let after = page.after
    while (!signal.aborted) {
      const rung = this.bell.rung
      const next = this.#log.read({ ...page, after })
      if (next.position > after) yield next
      else await this.bell.wait(rung, lookAgainAfter, signal)
      after = next.position
    }
  }

  async head(): Promise<number> {
    return this.#log.head()
  }

  async streams({ before, limit }: { before?: number; limit: number }): Promise<StreamSummary[]> {
    await this.#locator.catchUp()
    return this.#locator.newestStreams(before ?? Number.MAX_SAFE_INTEGER, limit)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await this.#commits.drain()
    await this.#locator.close()
    await this.#index.close()
    this.#log.close()
  }
}
