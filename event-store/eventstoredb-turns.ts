/** One task at a time for each stream, in the order they came. */
export class StreamTurns {
  readonly #last = new Map<string, Promise<void>>()

  async run<T>(stream: string, task: () => Promise<T>): Promise<T> {
    const before = this.#last.get(stream)
    let end = () => {}
    const own = new Promise<void>((resolve) => (end = resolve))
    this.#last.set(stream, own)
    await before
    try {
      return await task()
    } finally {
      if (this.#last.get(stream) === own) this.#last.delete(stream)
      end()
    }
  }
}
