/**
 * Wakes whoever follows the log, in any thread of this process. Other processes cannot ring it, so waiting
 * ends after a while by itself: then the follower looks whether the log has grown.
 */
export class Bell {
  readonly memory: SharedArrayBuffer
  readonly #count: Int32Array

  /** @param memory the bell of another thread */
  constructor(memory = new SharedArrayBuffer(4)) {
    this.memory = memory
    this.#count = new Int32Array(memory)
  }

  /** How often it rang: take it before looking at the log, and hand it to {@link wait}. */
  get rung(): number {
    return Atomics.load(this.#count, 0)
  }

  ring(): void {
    Atomics.add(this.#count, 0, 1)
    Atomics.notify(this.#count, 0)
  }

  /** Resolves at the next ring after `rung`, after `milliseconds`, or when `signal` aborts. */
  async wait(rung: number, milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return
    const { async, value } = Atomics.waitAsync(this.#count, 0, rung, milliseconds)
    if (!async) return
    // The timer keeps the process alive, which a pending waitAsync does not.
    let timer: NodeJS.Timeout | undefined
    let stop: (() => void) | undefined
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds)
      stop = resolve
      signal?.addEventListener('abort', resolve as () => void, { once: true })
    })
    await Promise.race([value, timeout])
    clearTimeout(timer)
    if (stop) signal?.removeEventListener('abort', stop)
  }
}
