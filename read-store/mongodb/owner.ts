import type { Collection } from 'mongodb'
import { randomUUID } from 'node:crypto'
import { readLeases, releaseLease, takeLease, type LeaseDocument } from './leases.js'

/** How long an owner is thought to be alive that does not say so any more, and how often it says so. Milliseconds. */
const lifetime = { taken: 300_000, renewed: 60_000 }

/**
 * A store that is open somewhere, as the owner of what it has under way: builds that are not promoted yet, databases
 * made for a while, snapshots. What a dead owner left is removed by others. (One that only seemed dead finds its build
 * fenced.)
 */
export class MongoDbOwner {
  readonly id = randomUUID()
  #alive: Promise<unknown> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(private readonly owners: Collection<LeaseDocument>) {}

  /** Called before something is owned. From the first call on it says that it is alive. */
  async appear(): Promise<void> {
    this.#alive ??= this.#begin().catch((error: unknown) => {
      this.#alive = undefined
      throw error
    })
    await this.#alive
  }

  /** Who is alive, this one included. */
  async living(): Promise<Set<string>> {
    const leases = await readLeases(this.owners)
    return new Set([this.id, ...leases.map(({ name }) => name)])
  }

  /** What it still has under way belongs to nobody. */
  async disappear(): Promise<void> {
    if (!this.#alive) return
    clearInterval(this.#timer)
    await releaseLease(this.owners, this.id, this.id)
  }

  async #begin(): Promise<void> {
    await this.#renew()
    this.#timer = setInterval(() => {
      // Where that fails there are some attempts left before it counts as dead.
      this.#renew().catch(() => {})
    }, lifetime.renewed).unref()
  }

  async #renew(): Promise<void> {
    await takeLease(this.owners, this.id, this.id, lifetime.taken)
  }
}
