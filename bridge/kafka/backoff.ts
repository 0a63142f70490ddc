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
