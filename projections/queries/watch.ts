/** What somebody waits for has not come in time, or will not come. */
export class NotCaughtUp extends Error {
  readonly code = 'not-caught-up'
}

export interface WatchOptions {
  /** What is watched, as the subject of a sentence. */
  readonly subject: string
  /** How far it is now: a position, or -1 where that cannot be told at the moment. It never goes back. */
  readonly look: () => Promise<number>
  /** Why waiting is no use, if so. */
  readonly stuck?: () => Promise<string | undefined>
  /** How long to wait at most, in milliseconds. */
  readonly patience: number
}

interface Waiter {
  readonly position: number
  readonly deadline: number
  readonly resolve: (position: number) => void
  readonly reject: (error: unknown) => void
}

/** Between two looks, in milliseconds: another thread or process moves what is watched. */
const lookAgainAfter = 3

/** Waits for something that grows. However many wait, it is looked at once in a while, and not at all otherwise. */
export class Watch {
  readonly #options: WatchOptions
  readonly #waiters = new Set<Waiter>()
  #reached = -1
  #watching = false
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(options: WatchOptions) {
    this.#options = options
  }

  /**
   * Resolves once a position is reached, with how far it is by then.
   *
   * @throws {NotCaughtUp}
   */
  reached(position: number): Promise<number> {
    if (position <= this.#reached) return Promise.resolve(this.#reached)
    if (this.#stopped) return Promise.reject(stopped())
    const deadline = performance.now() + this.#options.patience
    return new Promise((resolve, reject) => {
      this.#waiters.add({ position, deadline, resolve, reject })
      if (this.#watching) return
      this.#watching = true
      void this.#watch()
    })
  }

  /** Nobody waits any longer. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#rejectAll(stopped())
  }

  async #watch(): Promise<void> {
    try {
      this.#reached = Math.max(this.#reached, await this.#options.look())
      this.#resolveReached()
      const why = this.#waiters.size > 0 ? await this.#options.stuck?.() : undefined
      if (why !== undefined) this.#rejectAll(new NotCaughtUp(why))
      this.#rejectLate()
    } catch (error) {
      this.#rejectAll(error)
    }
    this.#watching = this.#waiters.size > 0
    if (this.#watching) this.#timer = setTimeout(() => void this.#watch(), lookAgainAfter)
  }

  #resolveReached(): void {
    for (const waiter of this.#waiters) {
      if (waiter.position > this.#reached) continue
      this.#waiters.delete(waiter)
      waiter.resolve(this.#reached)
    }
  }

  #rejectLate(): void {
    const now = performance.now()
    const { subject, patience } = this.#options
    for (const waiter of this.#waiters) {
      if (waiter.deadline > now) continue
      this.#waiters.delete(waiter)
      const where = this.#reached < 0 ? 'is not there yet' : `is at position ${this.#reached}`
      waiter.reject(
        new NotCaughtUp(
          `${subject} ${where}, not at ${waiter.position}, after ${patience / 1000} s of waiting`,
        ),
      )
    }
  }

  #rejectAll(error: unknown): void {
    for (const { reject } of this.#waiters) reject(error)
    this.#waiters.clear()
  }
}

function stopped(): NotCaughtUp {
  return new NotCaughtUp('the server is stopping')
}
