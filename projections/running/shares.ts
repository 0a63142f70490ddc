import { randomUUID } from 'node:crypto'
import type { ReadStore } from '../../read-store/port.js'

/** How long a share is kept without a sign of life, in milliseconds: so soon others take it over. */
const leaseTime = 6_000
/** How often to show a sign of life, in milliseconds. */
export const renewEvery = leaseTime / 3

/** A share of the work: one partition of a projection. It is the name of its lease. */
export function shareOf(projection: string, partition: number): string {
  return `${projection}/${partition}`
}

type Leases = Pick<ReadStore, 'lease' | 'leases' | 'release'>

/** What is to change so that every runner has its part. */
interface Plan {
  readonly keep: readonly string[]
  readonly giveBack: readonly string[]
  readonly take: readonly string[]
}

/**
 * The share of the work that one of several runners does, by leases in the read store. Each runner takes its equal
 * part; what a killed one held is free when its leases have run out. Two runners that both think they have a share do
 * no harm: the checkpoint fences one of them.
 */
export class Shares {
  readonly #readStore: Leases
  readonly #runner = randomUUID()
  #held = new Set<string>()

  constructor(readStore: Leases) {
    this.#readStore = readStore
  }

  has(share: string): boolean {
    return this.#held.has(share)
  }

  /** Gives back what is too much and takes what is free. Only while nothing is folded. */
  async settle(shares: readonly string[]): Promise<void> {
    const { keep, giveBack, take } = await this.#plan(shares)
    this.#held = new Set()
    for (const share of giveBack) await this.#readStore.release(share, this.#runner)
    for (const share of [...keep, ...take]) if (await this.#lease(share)) this.#held.add(share)
  }

  /** Shows that this runner is alive. Answers whether there is something to {@link settle}. */
  async renew(shares: readonly string[]): Promise<boolean> {
    const held = this.#held
    for (const share of held) {
      // What has been given back meanwhile is not to be taken again.
      if (this.#held !== held) return false
      if (!(await this.#lease(share))) return true
    }
    const { giveBack, take } = await this.#plan(shares)
    return giveBack.length > 0 || take.length > 0
  }

  /** Gives everything back, so that others need not wait. */
  async close(): Promise<void> {
    const held = this.#held
    this.#held = new Set()
    for (const share of [...held, this.#sign]) await this.#readStore.release(share, this.#runner)
  }

  async #plan(shares: readonly string[]): Promise<Plan> {
    await this.#lease(this.#sign)
    const leases = await this.#readStore.leases()
    const runners = leases.filter(({ name }) => name.startsWith(signs)).length
    const holders = new Map(leases.map(({ name, holder }) => [name, holder]))
    const most = Math.ceil(shares.length / Math.max(runners, 1))
    const own = shares.filter((share) => holders.get(share) === this.#runner)
    const free = shares.filter((share) => !holders.has(share))
    const room = Math.max(most - own.length, 0)
    return { keep: own.slice(0, most), giveBack: own.slice(most), take: free.slice(0, room) }
  }

  get #sign(): string {
    return `${signs}${this.#runner}`
  }

  #lease(name: string): Promise<boolean> {
    return this.#readStore.lease(name, this.#runner, leaseTime)
  }
}

/** Each runner holds a lease on its own name, so that the others can count it. */
const signs = 'runner/'
