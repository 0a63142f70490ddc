import { setTimeout } from 'node:timers/promises'
import { LogUnusable } from '../errors.js'
import type { Address } from './address.js'
import { isTlsMismatch, lastingFailure, sentenceOf, unreachable } from './failures.js'

/** How long to wait for the server, in milliseconds. */
export interface PatienceLimits {
  /**
   * For an answer. Longer than the server takes under load; what is not answered by then is asked again. Default
   * 10,000, as the client has it.
   */
  readonly answer: number
  /**
   * For an append or a read to succeed, however often it is tried. Longer than the 20 s in which the client notices
   * that a connection is dead. Default 30,000.
   */
  readonly operation: number
  /** For the server to be there when the log is opened. Default 30,000. */
  readonly opening: number
}

export const defaultPatience: PatienceLimits = { answer: 10_000, operation: 30_000, opening: 30_000 }

/** What goes wrong with the server and is tried again. */
export interface EventStoreTrouble {
  readonly during: 'opening' | 'append' | 'read' | 'follow'
  readonly error: Error
  readonly retryInMilliseconds: number
}

/** Between two attempts, in milliseconds; a random part of up to half of it is left away. */
const pauses = { first: 50, longest: 2_000 }
/** Trouble of one kind is told once in so many milliseconds: it meets everybody who is waiting. */
const tellAgainAfter = 1_000

/** Tries again what the server failed to do, for a bounded time, and says so. */
export class Patience {
  readonly limits: PatienceLimits
  readonly #address: Address
  readonly #report: (trouble: EventStoreTrouble) => void
  readonly #closing: AbortSignal
  readonly #toldAt = new Map<string, number>()

  constructor(
    address: Address,
    limits: PatienceLimits,
    report: (trouble: EventStoreTrouble) => void,
    closing: AbortSignal,
  ) {
    this.#address = address
    this.limits = limits
    this.#report = report
    this.#closing = closing
  }

  /** Does work, again and again while its failures may pass. */
  async retry<T>(during: EventStoreTrouble['during'], work: () => Promise<T>): Promise<T> {
    const trial = this.trial(during)
    for (;;) {
      try {
        return await work()
      } catch (error) {
        await trial.failed(error)
      }
    }
  }

  /** For whoever does more between two attempts than trying again. */
  trial(during: EventStoreTrouble['during'], signal?: AbortSignal): Trial {
    const { opening, operation } = this.limits
    const limit = during === 'opening' ? opening : during === 'follow' ? Infinity : operation
    return new Trial({
      limit,
      lasting: (error) =>
        lastingFailure(error) ??
        (during === 'opening' && isTlsMismatch(error) ? unreachable(this.#address, error) : undefined),
      over: (error) => unreachable(this.#address, error),
      tell: (error, retryInMilliseconds) => this.#tell(during, error, retryInMilliseconds),
      signal: signal ? AbortSignal.any([signal, this.#closing]) : this.#closing,
      closing: this.#closing,
    })
  }

  #tell(during: EventStoreTrouble['during'], error: unknown, retryInMilliseconds: number): void {
    const now = performance.now()
    if (now - (this.#toldAt.get(during) ?? -Infinity) < tellAgainAfter) return
    this.#toldAt.set(during, now)
    const told = new Error(`EventStoreDB at ${this.#address.shown}: ${sentenceOf(error)}`, { cause: error })
    this.#report({ during, error: told, retryInMilliseconds })
  }
}

interface TrialRules {
  readonly limit: number
  readonly lasting: (error: unknown) => Error | undefined
  readonly over: (error: unknown) => Error
  readonly tell: (error: unknown, retryInMilliseconds: number) => void
  /** Ends the pause. */
  readonly signal: AbortSignal
  readonly closing: AbortSignal
}

/** The attempts at one piece of work. */
class Trial {
  readonly #rules: TrialRules
  #since: number | undefined
  #pause = pauses.first

  constructor(rules: TrialRules) {
    this.#rules = rules
  }

  /** There was progress: what fails next is another matter. */
  succeeded(): void {
    this.#since = undefined
    this.#pause = pauses.first
  }

  /** Waits until it is time for the next attempt, or throws: the failure lasts, or has lasted long enough. */
  async failed(error: unknown): Promise<void> {
    const { limit, lasting, over, tell, signal, closing } = this.#rules
    if (closing.aborted) throw closed()
    const failure = lasting(error)
    if (failure) throw failure
    this.#since ??= performance.now()
    const pause = this.#pause * (1 - Math.random() / 2)
    if (performance.now() + pause - this.#since > limit) throw over(error)
    tell(error, Math.round(pause))
    this.#pause = Math.min(this.#pause * 2, pauses.longest)
    await setTimeout(pause, undefined, { signal }).catch(() => {})
    if (closing.aborted) throw closed()
  }
}

export type { Trial }

export function closed(): LogUnusable {
  return new LogUnusable('the log has been closed')
}
