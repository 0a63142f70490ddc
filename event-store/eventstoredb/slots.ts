/** Lets a bounded number of tasks run at once; the others wait in line. */
export class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(size: number) {
    this.#free = size
  }

  /** Resolves when it is one's turn, with what gives the slot back. That may be called more than once. */
  async take(): Promise<() => void> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    let held = true
    return () => {
      if (!held) return
      held = false
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }

  /** Runs a task in a slot. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    const free = await this.take()
    try {
      return await task()
    } finally {
      free()
    }
  }
}
