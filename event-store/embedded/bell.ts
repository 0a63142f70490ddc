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
    let stop = () => {}
    const stopped = new Promise<void>((resolve) => (stop = resolve))
    const timer = setTimeout(stop, milliseconds)
    signal?.addEventListener('abort', stop, { once: true })
    await Promise.race([value, stopped])
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}
