import { START, STREAM_NAME, type Filter, type RecordedEvent as ServerEvent } from '@eventstore/db-client'
import { Arrivals } from './arrivals.js'
import type { Connection } from './connection.js'
import { placeAt, positionOf, type EventFormat } from './events.js'
import { isOfCategory, type StreamNames } from './names.js'
import type { NewestFirst } from './newest.js'
import type { Patience } from './patience.js'
import type { Records } from './records.js'
import type { LogPage, ReadAll } from '../port.js'

/** The server says how far it has looked after so many records without a match. */
const recordsACheckpoint = 1_000

export interface FollowOptions {
  readonly connection: Connection
  readonly records: Records
  readonly newest: NewestFirst
  readonly names: StreamNames
  readonly format: EventFormat
  readonly patience: Patience
}

/**
 * The log in pages for ever, through subscriptions that the server filters. One that drops is taken up again where
 * the last page ended.
 */
export class Follower {
  readonly #options: FollowOptions

  constructor(options: FollowOptions) {
    this.#options = options
  }

  async *follow(page: ReadAll, signal: AbortSignal): AsyncGenerator<LogPage, void> {
    const trial = this.#options.patience.trial('follow', signal)
    let { after } = page
    while (!signal.aborted) {
      let arrivals: Arrivals | undefined
      try {
        arrivals = await unlessAborted(signal, this.#subscribe({ ...page, after }), (late) => late.stop())
        while (arrivals && !signal.aborted) {
          const next = await arrivals.next(signal)
          if (next) {
            trial.succeeded()
            after = next.position
            yield next
          } else await unlessAborted(signal, this.#prove(arrivals))
        }
      } catch (error) {
        if (!signal.aborted) await unlessAborted(signal, trial.failed(error))
      } finally {
        arrivals?.stop()
      }
    }
  }

  async #subscribe({ after, limit, categories }: ReadAll): Promise<Arrivals> {
    const { connection, newest, names, format, patience } = this.#options
    const wanted = categories && new Set(categories)
    const { from, first } = await this.#beginning(after)
    // Known before the subscription begins: when that has caught up it is past this event, whether it is sent or not.
    const head = categories ? await newest.head() : 0
    const filter: Filter = {
      ...names.filter(categories),
      filterOn: STREAM_NAME,
      maxSearchWindow: recordsACheckpoint,
      checkpointInterval: 1,
      checkpointReached: (_, { commit }) => arrivals.checkpoint(Number(commit)),
    }
    const subscription = connection.client.subscribeToAll({
      fromPosition: from === 0 ? START : placeAt(from),
      filter,
      requiresLeader: true,
    })
    const arrivals: Arrivals = new Arrivals(subscription, {
      after,
      limit,
      answer: patience.limits.answer,
      first,
      eventOf: (sent) => {
        const event = format.fromServer(sent)?.event
        return event && isOfCategory(event.stream, wanted) ? event : undefined
      },
    })
    if (head > after) arrivals.onCaughtUp(head)
    return arrivals
  }

  /**
   * From where to subscribe so that nothing is missed. Version 23.10 skips an event when it is given the place of a
   * record that it does not have any more, because it was scavenged: then the first record after it is taken to hand,
   * and the subscription begins there.
   */
  async #beginning(after: number): Promise<{ from: number; first: ServerEvent | undefined }> {
    const { records } = this.#options
    if (after <= records.start) return { from: records.start, first: undefined }
    if (await records.at(after)) return { from: after, first: undefined }
    let first: ServerEvent | undefined
    await records.after(after, 1, (sent) => {
      first = sent
      return false
    })
    return { from: first ? positionOf(first) : after, first }
  }

  /**
   * A checkpoint says that everything before it was looked at. What stands at it may have been left out by some
   * versions (25.0 and early 24.10): if that is nothing that is to be handed on, the checkpoint is reached.
   */
  async #prove(arrivals: Arrivals): Promise<void> {
    const checkpoint = arrivals.takeCheckpoint()
    if (checkpoint === undefined) return
    const record = await this.#options.records.at(checkpoint)
    if (record && !arrivals.isWanted(record)) arrivals.reach(checkpoint)
  }
}

/** What a promise brings; undefined as soon as `signal` aborts, and then `drop` gets it when it comes. */
async function unlessAborted<T>(
  signal: AbortSignal,
  promise: Promise<T>,
  drop: (late: T) => void = () => {},
): Promise<T | undefined> {
  let stop = () => {}
  const aborted = new Promise<undefined>((resolve) => (stop = () => resolve(undefined)))
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
    if (signal.aborted) promise.then(drop, () => {})
  }
}
