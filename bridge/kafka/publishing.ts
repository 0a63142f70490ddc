/** The publishing of the member that leads the group: begun when it comes to lead, ended when another one does. */
export class Publishing {
  readonly #publish: (member: string, signal: AbortSignal) => Promise<void>
  #running: { readonly ending: AbortController; readonly ended: Promise<void>; over: boolean } | undefined

  constructor(publish: (member: string, signal: AbortSignal) => Promise<void>) {
    this.#publish = publish
  }

  /** Unless it is under way. */
  start(member: string): void {
    const before = this.#running
    if (before && !before.over && !before.ending.signal.aborted) return
    const ending = new AbortController()
    const running = { ending, over: false, ended: Promise.resolve() }
    running.ended = (before?.ended ?? Promise.resolve())
      .then(() => this.#publish(member, ending.signal))
      .finally(() => (running.over = true))
    this.#running = running
  }

  /** Finishes the pages in hand. */
  async stop(): Promise<void> {
    this.#running?.ending.abort()
    await this.#running?.ended
  }
}
