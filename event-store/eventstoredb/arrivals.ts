import type { AllStreamSubscription, RecordedEvent as ServerEvent } from '@eventstore/db-client'
import type { RecordedEvent } from '../../domain/event.js'
import { MayPass, NoAnswer } from './failures.js'
import type { LogPage } from '../port.js'

/** While behind, a page that is not full waits so long for the next event, in milliseconds: it is on its way. */
const quiet = 5
/** So many pages are gathered before the server is asked to wait. */
const pagesAhead = 2

export interface ArrivalsOptions {
  /** Everything up to here has arrived before. */
  readonly after: number
  /** Events a page. */
  readonly limit: number
  /** Milliseconds until the subscription must be confirmed. */
  readonly answer: number
  /** A record that comes before what the subscription sends. */
  readonly first: ServerEvent | undefined
  /** The event that is to be handed on, if it is one. */
  readonly eventOf: (sent: ServerEvent) => RecordedEvent | undefined
}

/**
 * What a subscription sends, gathered into pages. Nobody waits while there is something to hand on, and no more is
 * held than two pages.
 */
export class Arrivals {
  readonly #subscription: AllStreamSubscription
  readonly #options: ArrivalsOptions
  #events: RecordedEvent[] = []
  /** All up to here has been gathered; and up to here it has been handed on. */
  #reached: number
  #handedOn: number
  /** A checkpoint of the server that is beyond what was reached. */
  #checkpoint: number | undefined
  #delivered = 0
  /** What is to happen when so many items have been delivered. */
  #due: { readonly after: number; readonly happen: () => void }[] = []
  #live = false
  #failure: Error | undefined
  #wake = () => {}
  readonly #late: NodeJS.Timeout

  constructor(subscription: AllStreamSubscription, options: ArrivalsOptions) {
    this.#subscription = subscription
    this.#options = options
    this.#reached = options.after
    this.#handedOn = options.after
    this.#late = setTimeout(() => this.#fail(new NoAnswer(options.answer)), options.answer)
    subscription.on('confirmation', () => clearTimeout(this.#late))
    subscription.on('data', ({ event }) => this.#take(event))
    subscription.on('caughtUp', () => this.#inOrder(() => (this.#live = true)))
    subscription.on('fellBehind', () => (this.#live = false))
    subscription.on('error', (error: Error) => this.#fail(error))
    subscription.on('end', () => this.#fail(new MayPass('the server has ended the subscription')))
    subscription.on('close', () => this.#fail(new MayPass('the subscription was closed')))
    if (options.first) this.#take(options.first)
  }

  /** Something is known to be reached when all that was sent before has been delivered. */
  onCaughtUp(position: number): void {
    this.#subscription.on('caughtUp', () => this.#inOrder(() => this.reach(position)))
  }

  /** The server has looked at everything before a position. What stands at it may still be to come. */
  checkpoint(position: number): void {
    this.#inOrder(() => {
      this.#checkpoint = position
      this.#wake()
    })
  }

  /** The checkpoint to be looked at, if there is nothing else to do. */
  takeCheckpoint(): number | undefined {
    const checkpoint = this.#events.length === 0 ? this.#checkpoint : undefined
    this.#checkpoint = undefined
    return checkpoint !== undefined && checkpoint > this.#reached ? checkpoint : undefined
  }

  /** Whether a record is to be handed on. */
  isWanted(sent: ServerEvent): boolean {
    return this.#options.eventOf(sent) !== undefined
  }

  /** All up to a position is known to have been gathered. */
  reach(position: number): void {
    if (position <= this.#reached) return
    this.#reached = position
    this.#wake()
  }

  /** The next page; undefined if a checkpoint came in its stead, or `signal` aborts. Throws what ends the subscription. */
  async next(signal: AbortSignal): Promise<LogPage | undefined> {
    const { limit } = this.#options
    while (!signal.aborted) {
      if (this.#events.length >= limit) return this.#page()
      if (this.#failure && this.#reached === this.#handedOn) throw this.#failure
      if (this.#reached > this.#handedOn) {
        if (this.#failure || (await this.#nothingMore(signal))) return this.#page()
      } else if (this.#checkpoint !== undefined) return undefined
      else await this.#something(signal)
    }
    return undefined
  }

  /** Ends the subscription. */
  stop(): void {
    this.#fail(new MayPass('stopped'))
    this.#subscription.unsubscribe().catch(() => {})
  }

  #take(sent: ServerEvent | undefined): void {
    this.#delivered++
    const position = Number(sent?.position?.commit)
    if (sent && position > this.#reached && !this.#failure) {
      const event = this.#options.eventOf(sent)
      if (event) this.#events.push(event)
      this.#reached = position
      if (this.#events.length >= this.#options.limit * pagesAhead) this.#subscription.pause()
    }
    while (this.#due[0] && this.#due[0].after <= this.#delivered) this.#due.shift()?.happen()
    this.#wake()
  }

  /** Messages overtake the items that the client has not delivered yet: so they wait for them. */
  #inOrder(happen: () => void): void {
    const after = this.#delivered + this.#subscription.readableLength
    if (after === this.#delivered) happen()
    else this.#due.push({ after, happen })
  }

  #page(): LogPage {
    const { limit } = this.#options
    const events = this.#events.splice(0, limit)
    const last = events.at(-1)
    const position = this.#events.length > 0 && last ? last.position : this.#reached
    this.#handedOn = position
    if (this.#events.length < limit && this.#subscription.isPaused()) this.#subscription.resume()
    return { events, position }
  }

  /** Lets what is on its way arrive, and says whether nothing did. */
  async #nothingMore(signal: AbortSignal): Promise<boolean> {
    const before = this.#delivered
    await new Promise((resolve) => setImmediate(resolve))
    if (this.#delivered === before && !this.#live) await this.#something(signal, quiet)
    return this.#delivered === before
  }

  /** Waits until something happens. */
  #something(signal: AbortSignal, atMost?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = atMost === undefined ? undefined : setTimeout(done, atMost)
      signal.addEventListener('abort', done, { once: true })
      this.#wake = done
      function done() {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
    })
  }

  #fail(error: Error): void {
    clearTimeout(this.#late)
    this.#failure ??= error
    this.#wake()
  }
}
