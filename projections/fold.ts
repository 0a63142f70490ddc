import type { LogPage } from '../event-store/port.js'
import type { Build, Collections } from '../read-store/port.js'
import type { RecordedEvent } from '../domain/event.js'
import { outboxCollection, type DerivedEvents } from './derived-events.js'
import type { Projection } from './projection.js'
import { WorkingSet } from './working-set.js'

/** The collection in which the runner keeps its own notes about a build, such as why it stopped. */
export const runnerCollection = 'runner'
export const failureId = 'failure'

/** A handler could not handle an event. Its projection stops there; the others go on. */
export class HandlerFailed extends Error {
  readonly code = 'handler-failed'
  constructor(
    readonly projection: string,
    readonly event: RecordedEvent,
    cause: unknown,
  ) {
    const { type, id, position } = event
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(`projection ${projection} failed on ${type} ${id} at position ${position}: ${reason}`, { cause })
  }
}

/** The collections of a build: the projection's own, and the runner's. */
export function collectionsOf({ collections }: Projection): Collections {
  return { ...collections, [outboxCollection]: {}, [runnerCollection]: {} }
}

/**
 * Folds pages of the log into one build. While a page is being folded, the page before it may still be on its
 * way to the disk.
 */
export class Fold {
  readonly projection: Projection
  readonly build: Build
  /** How many events the handlers got. */
  events = 0
  readonly #derived: DerivedEvents
  readonly #documents: WorkingSet
  readonly #derives: ReadonlySet<string>
  #checkpoint: number
  #inFlight: Promise<void> = Promise.resolve()
  #current = 0

  private constructor(projection: Projection, build: Build, checkpoint: number, derived: DerivedEvents) {
    this.projection = projection
    this.build = build
    this.#checkpoint = checkpoint
    this.#derived = derived
    this.#derives = new Set(projection.derives)
    this.#documents = new WorkingSet(build, (changed) => this.#flush(changed))
  }

  /** Goes on where the build stands, and first pays what its last page still owes. */
  static async open(projection: Projection, build: Build, derived: DerivedEvents): Promise<Fold> {
    const fold = new Fold(projection, build, await build.checkpoint(), derived)
    await fold.#payDebts()
    const failed = await build.getMany(runnerCollection, [failureId])
    if (failed.length > 0) fold.#documents.delete(runnerCollection, failureId)
    await fold.settle()
    return fold
  }

  /** Everything up to here is folded, though perhaps not yet on disk. */
  get checkpoint(): number {
    return this.#checkpoint
  }

  /**
   * Folds what is new to the build in a page.
   *
   * @throws {HandlerFailed} the build stays as it was before the page
   * @throws {Fenced} another runner has moved the build on
   */
  async apply({ events, position }: LogPage): Promise<void> {
    if (position <= this.#checkpoint) return
    const { handlers, touches } = this.projection
    const relevant = events.filter((event) => event.position > this.#checkpoint && this.#concerns(event))
    await this.#documents.loadTouched(relevant, touches)
    for (const event of relevant) {
      const handler = handlers[event.type]
      if (!handler) continue
      this.#current = event.position
      try {
        const pending = handler(event, this.#documents)
        if (pending) await pending
      } catch (error) {
        if (isStoreError(error)) throw error
        throw new HandlerFailed(this.projection.name, event, error)
      }
      this.events++
    }
    await this.#commit(position)
    await this.#payDebts()
    await this.#trim()
  }

  /** Waits until all that was folded is durable and its derived events are in the log. */
  async settle(): Promise<void> {
    await this.#inFlight
    if (!this.#derived.owes && this.#documents.isEmpty) return
    await this.#commit(this.#checkpoint)
    await this.#inFlight
  }

  /** An event of a derived type is only looked at; the rest has a handler or does not matter. */
  #concerns(event: RecordedEvent): boolean {
    if (this.#derives.has(event.type)) this.#derived.saw(event)
    return event.type in this.projection.handlers
  }

  async #payDebts(): Promise<void> {
    const { debt } = this.projection
    if (!debt) return
    for (;;) {
      for (const [collection, id] of debt.watches) await this.#documents.load(collection, [id])
      if (!debt.owes(this.#documents)) return
      await debt.pay(this.#documents)
      await this.#commit(this.#checkpoint)
      await this.#trim()
    }
  }

  /** Hands everything that changed to the read store. One unit at a time is on its way. */
  async #commit(checkpoint: number): Promise<void> {
    const { writes, derived } = this.#documents.take()
    await this.#inFlight
    const outbox = this.#derived.stage(derived, checkpoint)
    const unit = {
      expected: this.#checkpoint,
      checkpoint,
      writes: outbox.length > 0 ? { ...writes, [outboxCollection]: outbox } : writes,
    }
    this.#checkpoint = checkpoint
    this.#inFlight = this.build.commit(unit).then(() => this.#derived.publish())
    // The error is thrown where the unit is waited for, which is always before the next one.
    this.#inFlight.catch(() => {})
  }

  /** Memory does not grow with the log: lets go of documents, between pages and when they are on disk. */
  async #trim(): Promise<void> {
    if (!this.#documents.isLarge) return
    await this.#inFlight
    this.#documents.forget()
  }

  /** Brings what a query must see to the disk: all that happened before the current event. */
  async #flush(changed: boolean): Promise<void> {
    if (changed) await this.#commit(Math.max(this.#checkpoint, this.#current - 1))
    await this.#inFlight
  }
}

function isStoreError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'fenced' || error.code === 'revision-conflict')
}
