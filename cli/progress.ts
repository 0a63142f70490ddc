const width = 30
/** Between two drawings, in milliseconds. */
const redrawAfter = 100

/** A bar on stderr, only where somebody is looking. */
export class ProgressBar {
  readonly #label: string
  readonly #visible = process.stderr.isTTY
  readonly #start = performance.now()
  #drawnAt = -Infinity

  constructor(label: string) {
    this.#label = label
  }

  /** @param done of `total`, in any unit */
  update(done: number, total: number): void {
    if (!this.#visible || (performance.now() - this.#drawnAt < redrawAfter && done < total)) return
    this.#drawnAt = performance.now()
    const share = total === 0 ? 1 : Math.min(1, done / total)
    const bar = '█'.repeat(Math.round(share * width)).padEnd(width, '░')
    const seconds = (performance.now() - this.#start) / 1000
    const left = share > 0 && share < 1 ? `, ${Math.ceil((seconds / share) * (1 - share))} s left` : ''
    process.stderr.write(`\r\x1b[K${this.#label} ${bar} ${Math.floor(share * 100)} %${left}`)
  }

  /** Removes the bar. */
  end(): void {
    if (this.#visible) process.stderr.write('\r\x1b[K')
  }
}
