import type { RecordedEvent } from '../../domain/event.js'
import { LogUnusable } from '../errors.js'
import type { Connection } from './connection.js'
import { mostBytes, type EventFormat, type Outgoing } from './events.js'
import { MayPass } from './failures.js'
import type { StreamNames } from './names.js'
import type { Patience } from './patience.js'
import { sendInOrder, type Run } from './pipeline.js'
import type { Records } from './records.js'

export interface RestoreOptions {
  readonly connection: Connection
  readonly records: Records
  readonly names: StreamNames
  readonly format: EventFormat
  readonly patience: Patience
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
    const { connection, patience } = this.#options
    const trial = patience.trial('append')
    for (let rest = events; rest.length > 0;) {
      const { failure, conflict } = await sendInOrder(connection, this.#runsOf(rest))
      const landed = await patience.retry('read', () => this.#landed(rest))
      rest = rest.slice(landed)
      if (landed > 0) trial.succeeded()
      // An append that came through after all makes the next one look like a conflict.
      else
        await trial.failed(
          conflict || !failure ? new MayPass('what is sent does not show in the log') : failure,
        )
    }
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
    let run: (Run & { readonly events: Outgoing[] }) | undefined
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
