import type { FastifyReply } from 'fastify'
import { InvalidValue } from '../domain/invalid-record.js'
import { shown } from '../domain/fault.js'
import { parseTimestamp } from '../domain/timestamp.js'
import type { EventStore } from '../event-store/port.js'
import { asOf, type Past, type PastModels } from '../projections/past/as-of.js'
import { LogTimes } from '../projections/past/log-times.js'
import type { CaughtUp } from '../projections/queries/caught-up.js'
import type { LongReads } from './long-reads.js'
import type { DocumentQuery } from './parameters.js'
import { Problem } from './problem.js'

export interface TimeTravelOptions {
  readonly eventStore: EventStore
  readonly caughtUp: CaughtUp
  readonly longReads: LongReads
}

/** Answers requests with `asOf`: from read models that are folded for them. */
export class TimeTravel {
  readonly #options: TimeTravelOptions
  readonly #times: LogTimes

  constructor(options: TimeTravelOptions) {
    this.#options = options
    this.#times = new LogTimes(options.eventStore)
  }

  /**
   * The read models that a request wants to be answered from, and says so in its header; undefined if it wants those of
   * now. With `minPosition`, waits until they, or for those of the past the log, have got there.
   *
   * @throws {Problem} `asOf` is neither a position nor an instant
   */
  async models(
    { asOf: wanted, minPosition }: DocumentQuery,
    reply: FastifyReply,
    past: Past,
  ): Promise<PastModels | undefined> {
    const { eventStore, caughtUp, longReads } = this.#options
    if (wanted === undefined) {
      await caughtUp.documents(past.projection.name, minPosition)
      return undefined
    }
    const point = pointOf(wanted)
    await caughtUp.log(minPosition)
    const models = await longReads.run(reply, async (signal) =>
      asOf(past, await this.#positionOf(point, signal), { eventStore, signal }),
    )
    reply.header('as-of-position', models.position)
    return models
  }

  /**
   * What `asOf` is as a position; where it is to come, that of now.
   *
   * @throws {Problem} it is neither a position nor an instant
   */
  async position(wanted: string, reply: FastifyReply): Promise<number> {
    const point = pointOf(wanted)
    return this.#options.longReads.run(reply, (signal) => this.#positionOf(point, signal))
  }

  async #positionOf(point: Point, signal: AbortSignal): Promise<number> {
    if ('instant' in point) return this.#times.positionAt(point.instant, signal)
    return Math.min(point.position, await this.#options.eventStore.head())
  }
}

/** When the document was looked for, as the end of a sentence that says that it was not found. */
export function whenAsked(models: PastModels | undefined): string {
  return models ? ` as of position ${models.position}` : ''
}

type Point = { readonly position: number } | { readonly instant: number }

/** @throws {Problem} */
function pointOf(text: string): Point {
  if (/^[0-9]+$/.test(text)) {
    const position = Number(text)
    if (Number.isSafeInteger(position)) return { position }
    throw invalidAsOf(`asOf is ${shown(text)}: no position is that great`)
  }
  try {
    return { instant: parseTimestamp(text) }
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error
    throw invalidAsOf(
      `asOf is neither a position nor an instant: ${error.message} (in an address, + is written %2B)`,
    )
  }
}

/** What is said of an `asOf` that cannot be answered. */
export function invalidAsOf(detail: string): Problem {
  return new Problem('invalid-parameter', detail, {
    errors: [{ path: '/asOf', code: 'invalid-parameter', detail }],
  })
}
