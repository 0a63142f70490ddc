import type { FastifyReply } from 'fastify'
import { NotCaughtUp } from '../projections/queries/caught-up.js'
import { Problem } from './problem.js'

/** Work for a request, until it is called off. */
type Work<T> = (signal: AbortSignal) => Promise<T>

/** So many at a time; and so many more may wait for their turn. */
export interface LongReadLimits {
  readonly atOnce: number
  readonly waiting: number
}

export const defaultLongReadLimits: LongReadLimits = { atOnce: 2, waiting: 500 }

/**
 * Requests that read the log, which takes as long as the log is: few at a time, so that they leave the processor to the
 * others, and none for a client that has gone away.
 */
export class LongReads {
  readonly #limits: LongReadLimits
  readonly #underWay = new Set<AbortController>()
  readonly #waiting: (() => void)[] = []
  #running = 0
  #stopped = false

  constructor(limits: LongReadLimits) {
    this.#limits = limits
  }

  /**
   * Does the work when its turn has come.
   *
   * @throws {Problem} too many wait already
   * @throws {NotCaughtUp} the client has gone away, or the server is stopping
   */
  async run<T>(reply: FastifyReply, work: Work<T>): Promise<T> {
    const controller = new AbortController()
    const { signal } = controller
    const leave = () => controller.abort(new NotCaughtUp('the client has gone away'))
    reply.raw.once('close', leave)
    if (reply.raw.destroyed) leave()
    this.#underWay.add(controller)
    try {
      await this.#turn(signal)
      try {
        return await work(signal)
      } finally {
        this.#handOver()
      }
    } finally {
      this.#underWay.delete(controller)
      reply.raw.off('close', leave)
      // Nobody is to ask again over a connection that keeps the server from ending.
      if (this.#stopped && !reply.raw.headersSent) reply.raw.setHeader('connection', 'close')
    }
  }

  /** Calls everything off. */
  stop(): void {
    this.#stopped = true
    for (const controller of this.#underWay) controller.abort(new NotCaughtUp('the server is stopping'))
  }

  /** Takes a turn, when there is one. */
  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#running >= this.#limits.atOnce) await this.#wait(signal)
    else this.#running++
  }

  /** Who waits longest takes the turn over, so that nobody comes in between. */
  #handOver(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#running--
  }

  #wait(signal: AbortSignal): Promise<void> {
    const { atOnce, waiting } = this.#limits
    if (this.#waiting.length >= waiting) {
      const detail = `${atOnce} requests are reading the log and ${waiting} wait for their turn: try again later`
      throw new Problem('too-many-long-reads', detail, {}, { 'retry-after': '1' })
    }
    return new Promise((resolve, reject) => {
      const called = () => {
        signal.removeEventListener('abort', left)
        resolve()
      }
      const left = () => {
        this.#waiting.splice(this.#waiting.indexOf(called), 1)
        reject(signal.reason as Error)
      }
      signal.addEventListener('abort', left, { once: true })
      this.#waiting.push(called)
    })
  }
}
