/** One task at a time for each stream, in the order they came. */
export class StreamTurns {
  readonly #last = new Map<string, Promise<void>>()

  /** Runs a task when it is its turn at every one of some streams. */
  async run<T>(streams: readonly string[], task: () => Promise<T>): Promise<T> {
    let end = () => {}
    const own = new Promise<void>((resolve) => (end = resolve))
    // All queues are joined at once, so of two tasks one is ahead in every queue that they share.
    const before: Promise<void>[] = []
    for (const stream of streams) {
      const last = this.#last.get(stream)
      if (last) before.push(last)
      this.#last.set(stream, own)
    }
    await Promise.all(before)
    try {
      return await task()
    } finally {
      for (const stream of streams) if (this.#last.get(stream) === own) this.#last.delete(stream)
      end()
    }
  }
}
