import { setMaxListeners } from 'node:events'
import type { EventStore } from '../event-store/port.js'
import { lookUpSession } from './look-up-session.js'
import { sessionServiceDefaults, type SessionService } from './session-service.js'

/** How long to wait before looking for wanted sessions again, in milliseconds: another thread lists them. */
const lookAgainAfter = 50
/** How long to leave the log alone that could not be read or written, in milliseconds. */
const patience = 1_000

/** The sessions that the session service is to be asked for. */
export interface WantedSessions {
  /** Up to which position of the log the list is what the log says. */
  readonly position: number
  readonly sessionIds: readonly string[]
}

export interface SessionLookupsOptions {
  readonly eventStore: EventStore
  readonly service: SessionService
  /** Lists wanted sessions, those that were wanted first at its head. */
  readonly wanted: (limit: number) => Promise<WantedSessions>
  /** Lookups under way at once. Default 100. */
  readonly concurrency?: number
  /** Told of troubles with the log. They are tried again. */
  readonly trouble: (error: unknown) => void
}

/**
 * Asks the session service for whatever sessions the read model wants, and records the answers in the log: each session
 * once, however much money waits for it. It waits for nobody, and nobody waits for it.
 */
export class SessionLookups {
  readonly #options: SessionLookupsOptions
  readonly #concurrency: number
  readonly #stopping = new AbortController()
  readonly #underWay = new Map<string, Promise<void>>()
  /** Answered, with the position of the answer: still wanted until the read model has got there. */
  readonly #answered = new Map<string, number>()
  readonly #running: Promise<void>
  /** How often the session service gave an answer. */
  answers = 0
  #wake: () => void = () => {}
  #settled: (() => void)[] = []

  /** Begins at once. */
  constructor(options: SessionLookupsOptions) {
    this.#options = options
    this.#concurrency = options.concurrency ?? sessionServiceDefaults.concurrency
    // Every lookup under way listens, and more than a few are meant to be.
    setMaxListeners(0, this.#stopping.signal)
    this.#running = this.#run()
  }

  /** Resolves once no session is wanted that has not been answered, and the read model has all answers. */
  async settled(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#settled.push(resolve)
      this.#wake()
    })
  }

  /** Calls off what is under way: it will be asked for again. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#wake()
    await this.#running
    await Promise.all(this.#underWay.values())
    await this.#options.service.close()
    this.#release()
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        const idle = !(await this.#begin())
        if (idle && this.#underWay.size === 0 && this.#answered.size === 0) this.#release()
        await this.#pause(lookAgainAfter)
      } catch (error) {
        this.#options.trouble(error)
        await this.#pause(patience)
      }
    }
  }

  /** Begins as many lookups as there is room for. Answers whether any is to be begun at all. */
  async #begin(): Promise<boolean> {
    const room = this.#concurrency - this.#underWay.size
    if (room <= 0) return true
    const known = this.#underWay.size + this.#answered.size
    const { position, sessionIds } = await this.#options.wanted(known + room)
    const fresh = sessionIds.filter((id) => !this.#underWay.has(id) && !this.#answered.has(id))
    for (const [id, answeredAt] of this.#answered) if (answeredAt <= position) this.#answered.delete(id)
    for (const sessionId of fresh.slice(0, room)) this.#underWay.set(sessionId, this.#lookUp(sessionId))
    return fresh.length > 0
  }

  async #lookUp(sessionId: string): Promise<void> {
    const { signal } = this.#stopping
    try {
      const { position, answered } = await lookUpSession(this.#options, sessionId, signal)
      this.#answered.set(sessionId, position)
      if (answered) this.answers++
    } catch (error) {
      if (!signal.aborted) this.#options.trouble(error)
    } finally {
      this.#underWay.delete(sessionId)
      this.#wake()
    }
  }

  /** Until a lookup ends, or for so many milliseconds. */
  async #pause(milliseconds: number): Promise<void> {
    if (this.#stopping.signal.aborted) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #release(): void {
    for (const resolve of this.#settled) resolve()
    this.#settled = []
  }
}
