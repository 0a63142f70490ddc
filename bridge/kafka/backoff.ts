import { setTimeout as delay } from 'node:timers/promises'

/** How long to wait before each further attempt, in milliseconds: twice as long each time, up to a limit. */
export class Backoff {
  #next: number

  constructor(
    readonly first = 200,
    readonly most = 15_000,
  ) {
    this.#next = first
  }

  /** A little less or more than planned, so that many who failed together do not come back together. */
  next(): number {
    const wait = this.#next
    this.#next = Math.min(wait * 2, this.most)
    return Math.round(wait * (0.8 + Math.random() * 0.4))
  }

  /** It worked: the next failure is the first one. */
  reset(): void {
    this.#next = this.first
  }
}

/** Waits, or until `signal` aborts. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}

/**
 * Waits for work, but for so many milliseconds at most, and not when `signal` aborts.
 *
 * @returns whether the work is done. Where it is not, nobody is told any more how it ends.
 */
export async function atMost(
  milliseconds: number,
  work: Promise<unknown>,
  signal?: AbortSignal,
): Promise<boolean> {
  const done = new AbortController()
  const signals = signal ? [done.signal, signal] : [done.signal]
  const late = pause(Math.max(0, milliseconds), AbortSignal.any(signals)).then(() => false)
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    done.abort()
  }
}
