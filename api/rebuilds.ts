import type { Projection } from '../projections/projection.js'
import type { Rebuilt } from '../projections/running/rebuild.js'
import { Problem } from './problem.js'

/** Rebuilds a projection; `signal` calls it off. */
export type Rebuild = (
  projection: Projection,
  options: {
    readonly signal: AbortSignal
    readonly onProgress: (position: number, target: number) => void
  },
) => Promise<Rebuilt>

/** How a rebuild that was asked for here stands, or how it ended. */
export type RebuildReport =
  | { readonly state: 'running'; readonly position: number; readonly target: number }
  | { readonly state: 'done'; readonly events: number; readonly documents: number; readonly seconds: number }
  | { readonly state: 'failed'; readonly detail: string }

/** The rebuilds of this process: one at a time for each projection. */
export class Rebuilds {
  readonly #rebuild: Rebuild
  readonly #failed: (projection: string, error: unknown) => void
  readonly #stopping = new AbortController()
  readonly #running = new Map<string, Promise<Rebuilt>>()
  readonly #reports = new Map<string, RebuildReport>()

  /** @param failed told of a rebuild that failed: nobody may be waiting for it any more */
  constructor(rebuild: Rebuild, failed: (projection: string, error: unknown) => void) {
    this.#rebuild = rebuild
    this.#failed = failed
  }

  /**
   * Begins to rebuild a projection.
   *
   * @throws {Problem} `rebuild-running`
   */
  start(projection: Projection): Promise<Rebuilt> {
    const { name } = projection
    if (this.#running.has(name)) {
      const where = `GET /projections/${name} tells how far it is`
      throw new Problem('rebuild-running', `the projection ${name} is being rebuilt: ${where}`)
    }
    const onProgress = (position: number, target: number) =>
      this.#reports.set(name, { state: 'running', position, target })
    onProgress(0, 0)
    const running = this.#run(projection, onProgress)
    this.#running.set(name, running)
    return running
  }

  report(projection: string): RebuildReport | undefined {
    return this.#reports.get(projection)
  }

  /** Calls all off, and waits until they have ended. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.allSettled(this.#running.values())
  }

  async #run(
    projection: Projection,
    onProgress: (position: number, target: number) => void,
  ): Promise<Rebuilt> {
    const { name } = projection
    try {
      const rebuilt = await this.#rebuild(projection, { signal: this.#stopping.signal, onProgress })
      const { events, documents, seconds } = rebuilt
      this.#reports.set(name, { state: 'done', events, documents, seconds })
      return rebuilt
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error)
      this.#reports.set(name, { state: 'failed', detail })
      if (!this.#stopping.signal.aborted) this.#failed(name, error)
      throw error
    } finally {
      this.#running.delete(name)
    }
  }
}
