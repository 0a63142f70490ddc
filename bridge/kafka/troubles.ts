import type { BridgeFigures } from './figures.js'
import type { BridgeReport } from './reports.js'

/** What of the bridge does not work at the moment, part by part. */
export class Troubles {
  readonly #report: (report: BridgeReport) => void
  readonly #figures: BridgeFigures
  readonly #troubles = new Map<string, string>()

  constructor(report: (report: BridgeReport) => void, figures: BridgeFigures) {
    this.#report = report
    this.#figures = figures
  }

  /** A sentence for each. */
  get sentences(): string[] {
    return [...this.#troubles].map(([what, error]) => `${what}: ${error}`)
  }

  /** Something does not work, and is tried again. */
  met(what: string, error: Error, retryInMilliseconds: number): void {
    this.#troubles.set(what, error.message)
    this.#figures.error(what)
    this.#figures.troubles(this.#troubles.size)
    this.#report({ type: 'trouble', what, error: error.message, retryInMilliseconds })
  }

  /** It works. */
  over(what: string): void {
    if (!this.#troubles.delete(what)) return
    this.#figures.troubles(this.#troubles.size)
    this.#report({ type: 'recovered', what })
  }
}
