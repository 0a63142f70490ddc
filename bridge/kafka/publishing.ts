/** The publishing of the member that leads the group: begun when it comes to lead, ended when another one does. */
export class Publishing {
  readonly #publish: (member: string, signal: AbortSignal) => Promise<void>
  #running: Running | undefined
  #isOver = false

  constructor(publish: (member: string, signal: AbortSignal) => Promise<void>) {
    this.#publish = publish
  }

  /** Unless it is under way. A process that had to join the group again is another member. */
  start(member: string): void {
    const before = this.#running
    if (this.#isOver) return
    if (before?.member === member && !before.ending.signal.aborted) return
    before?.ending.abort()
    const ending = new AbortController()
    const ended = (before?.ended ?? Promise.resolve()).then(() => this.#publish(member, ending.signal))
    this.#running = { member, ending, ended }
  }

  /** Stops for good: whoever is told only now that he leads comes too late. */
  end(): Promise<void> {
    this.#isOver = true
    return this.stop()
  }

  /** Finishes the pages in hand. */
  async stop(): Promise<void> {
    this.#running?.ending.abort()
    await this.#running?.ended
  }
}

interface Running {
  readonly member: string
  readonly ending: AbortController
  readonly ended: Promise<void>
}
