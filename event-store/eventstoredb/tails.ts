import type { RecordedEvent as ServerEvent } from '@eventstore/db-client'
import { LogUnusable } from '../errors.js'
import { positionOf, type EventFormat, type Incoming } from './events.js'
import type { KnownStream } from './known.js'
import type { Answered } from './pipeline.js'
import type { Reads } from './reads.js'

/** Appends whose places in the log are so far apart, in bytes, are not looked at in one reading. */
const nearby = 16 * 1024 * 1024
/** Where records of others lie between, reading goes on by so many, until there were too many of them. */
const fewMore = 64
const strangers = 10_000

/** Somebody who waits to see an append of his in the log. */
interface Waiting {
  readonly known: KnownStream
  readonly answered: Answered
  readonly see: (incoming: Incoming) => void
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Reads what streams have beyond what is known of them. */
export class Tails {
  readonly #reads: Reads
  readonly #format: EventFormat
  #waiting: Waiting[] = []
  #running = false

  constructor(reads: Reads, format: EventFormat) {
    this.#reads = reads
    this.#format = format
  }

  /**
   * Reads a stream from where it is known to its end.
   *
   * @param see is shown each event
   * @throws {LogUnusable} there are events of another application in it
   */
  async catchUp(known: KnownStream, see: (incoming: Incoming) => void = () => {}): Promise<void> {
    await this.#reads.stream(known.name, { from: known.revision + 1 }, (sent) => this.#take(known, sent, see))
  }

  /**
   * The same after appends that the server says it has made. The server also says so when somebody else has made
   * the same append, and it does not say where each event stands: so the log is looked at. Whoever waits at the same
   * time shares one reading of the log, which costs a tenth of a reading for each stream.
   */
  confirm(known: KnownStream, answered: Answered, see: (incoming: Incoming) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ known, answered, see, resolve, reject })
      if (!this.#running) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0) {
      // Answers come many at a time.
      await new Promise((resolve) => setImmediate(resolve))
      const group = this.#waiting
      this.#waiting = []
      await this.#confirmAll(group)
    }
    this.#running = false
  }

  async #confirmAll(group: readonly Waiting[]): Promise<void> {
    const last = Math.max(...group.map(({ answered }) => answered.position))
    // The answer to an append of several events tells the place of the last one: where the others are, only the stream tells.
    const together = group.filter(
      ({ known, answered: { first, revision } }) =>
        first > 0 && first > last - nearby && revision === known.revision + 1,
    )
    try {
      if (together.length > 1) await this.#readLog(together)
    } catch {
      // Then each looks for itself, and meets the failure itself.
    }
    for (const waiting of group) {
      const { known, answered, see, resolve, reject } = waiting
      if (known.revision >= answered.revision) resolve()
      else this.catchUp(known, see).then(resolve, reject)
    }
  }

  async #readLog(group: readonly Waiting[]): Promise<void> {
    const missing = new Map(group.map((waiting) => [waiting.known.name, waiting]))
    let from = Math.min(...group.map(({ answered }) => answered.first))
    let size = group.length + 1
    for (let records = 0, read = size; missing.size > 0 && read === size && records < strangers;) {
      read = await this.#reads.log({ from, limit: size }, (sent) => {
        from = positionOf(sent)
        const waiting = missing.get(sent.streamId)
        if (!waiting || Number(sent.revision) !== waiting.known.revision + 1) return
        this.#take(waiting.known, sent, waiting.see)
        if (waiting.known.revision >= waiting.answered.revision) missing.delete(sent.streamId)
      })
      records += read
      size = fewMore
    }
  }

  #take(known: KnownStream, sent: ServerEvent, see: (incoming: Incoming) => void): void {
    const incoming = this.#format.fromServer(sent)
    if (!incoming) throw foreign(sent.streamId)
    known.learn(incoming.event.id, incoming.event)
    see(incoming)
  }
}

function foreign(name: string): LogUnusable {
  return new LogUnusable(
    `the stream ${name} of EventStoreDB holds events that Tidemark did not write there: ` +
      'it belongs to another application. Choose a namespace of your own (TIDEMARK_NAMESPACE), or another server',
  )
}
