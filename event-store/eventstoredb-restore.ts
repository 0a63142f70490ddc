import { ErrorType } from '@eventstore/db-client'
import type { RecordedEvent } from '../domain/event.js'
import { LogUnusable } from './errors.js'
import { batchesAtOnce, type Connection } from './eventstoredb-connection.js'
import { mostBytes, type EventFormat, type Outgoing } from './eventstoredb-events.js'
import { isOfType, MayPass } from './eventstoredb-failures.js'
import type { StreamNames } from './eventstoredb-names.js'
import type { Patience } from './eventstoredb-patience.js'
import type { Records } from './eventstoredb-records.js'

export interface RestoreOptions {
  readonly connection: Connection
  readonly records: Records
  readonly names: StreamNames
  readonly format: EventFormat
  readonly patience: Patience
}

/** Consecutive events of one stream: one append. */
interface Run {
  readonly name: string
  /** The expected one, −1 for a new stream. */
  readonly revision: number
  readonly events: Outgoing[]
}

/**
 * Writes the events of another log as they stand there: in the same order across all streams, at the same revisions,
 * with the time at which that log took them.
 */
export class Restore {
  readonly #options: RestoreOptions
  /** The last event that is known to be in its place. */
  #reached: number

  /** @param after the position of the last event that the log holds; 0 if it is empty */
  constructor(options: RestoreOptions, after: number) {
    this.#options = options
    this.#reached = after
  }

  /**
   * Answers when the events are durable and were seen in their order. After a failure, some of the first of them may
   * be.
   *
   * @throws {LogUnusable} somebody else writes to the log, or the order was lost
   */
  async take(events: readonly RecordedEvent[]): Promise<void> {
    const { patience } = this.#options
    const trial = patience.trial('append')
    for (let rest = events; rest.length > 0;) {
      const failure = await this.#send(this.#runsOf(rest))
      const landed = await patience.retry('read', () => this.#landed(rest))
      rest = rest.slice(landed)
      if (landed > 0) trial.succeeded()
      else await trial.failed(failure ?? new MayPass('the log does not show what was appended to it'))
    }
  }

  /**
   * Sends appends without waiting for each answer: they travel through one call, and the server makes them in their
   * order. Stops at the first that fails, so that nothing comes to stand before something that is missing. The first
   * goes alone: it may be the one for which the client makes the call, and then the second would overtake it.
   */
  async #send(runs: Iterable<Run>): Promise<Error | undefined> {
    const { connection } = this.#options
    const pending = new Set<Promise<void>>()
    let atOnce = 1
    let failure: Error | undefined
    for (const { name, events, revision } of runs) {
      if (pending.size >= atOnce) {
        await Promise.race(pending)
        if (connection.batches) atOnce = batchesAtOnce
      }
      if (failure) break
      const sent: Promise<void> = connection
        .append(
          name,
          events.map(({ event }) => event),
          revision,
        )
        .then(
          () => {},
          (error: unknown) => (failure ??= failureOf(error, name)),
        )
        .then(() => void pending.delete(sent))
      pending.add(sent)
    }
    await Promise.all(pending)
    return failure
  }

  /** How many of some events have come to stand where they should. */
  async #landed(events: readonly RecordedEvent[]): Promise<number> {
    const { records, format } = this.#options
    let landed = 0
    let reached = this.#reached
    let last = reached
    const batch = events.length + 1
    for (let read = batch; read === batch && landed < events.length;) {
      read = await records.after(reached, batch, (sent, position) => {
        reached = position
        const event = format.fromServer(sent)?.event
        if (!event) return true
        const expected = events[landed]
        if (event.id !== expected?.id.toLowerCase() || event.revision !== expected.revision) {
          throw new LogUnusable(
            `event ${event.id} of stream ${event.stream} stands where ${expected?.id} of ${expected?.stream} belongs: ` +
              'somebody else writes to this log, or the order was lost. Copy into another namespace',
          )
        }
        landed++
        last = position
        return landed < events.length
      })
    }
    this.#reached = last
    return landed
  }

  *#runsOf(events: readonly RecordedEvent[]): Iterable<Run> {
    const { names, format } = this.#options
    let run: Run | undefined
    let bytes = 0
    for (const event of events) {
      const name = names.inServer(event.stream)
      const outgoing = format.toServer(event, event.recordedTime)
      bytes += outgoing.size
      if (run?.name !== name || bytes > mostBytes) {
        if (run) yield run
        run = { name, revision: event.revision - 1, events: [] }
        bytes = outgoing.size
      }
      run.events.push(outgoing)
    }
    if (run) yield run
  }
}

/** An append that came through after all makes the next one look like a conflict: what stands in the log decides. */
function failureOf(error: unknown, name: string): Error {
  if (isOfType(error, ErrorType.WRONG_EXPECTED_VERSION))
    return new MayPass(`the stream ${name} is not at the revision that comes before what is copied`)
  return error instanceof Error ? error : new Error(String(error))
}
