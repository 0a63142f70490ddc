import { randomUUID } from 'node:crypto'
import type { LogPage } from '../../event-store/port.js'
import type { Build, Collections, ReadModel } from '../../read-store/port.js'
import type { RecordedEvent } from '../../domain/event.js'
import type { EventStore } from '../../event-store/port.js'
import type { DerivedEvents } from './derived-events.js'
import { failureId, runnerCollection } from './notes.js'
import { originNote } from './origin.js'
import { Outbox, outboxCollection } from './outbox.js'
import { ownId, partitionOf, wholePartition, type Partition } from './partition.js'
import type { Projection } from '../projection.js'
import { WorkingSet } from './working-set.js'

/**
 * A handler could not handle an event, or the work that events left owing could not be done. The projection stops there;
 * the others go on.
 */
export class ProjectionFailed extends Error {
  readonly code = 'projection-failed'
  constructor(
    readonly projection: string,
    /** Undefined where it was none of a certain event. */
    readonly event: RecordedEvent | undefined,
    cause: unknown,
  ) {
    const at = event
      ? `${event.type} ${event.id} at position ${event.position}`
      : 'what events before it left owing'
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(`projection ${projection} failed on ${at}: ${reason}`, { cause })
  }
}

/** The collections of a build: the projection's own, and the runner's. */
export function collectionsOf({ collections }: Projection): Collections {
  return { ...collections, [outboxCollection]: {}, [runnerCollection]: {} }
}

/**
 * Whether a build stands between an event and the work that the event left owing, such as the closing of many periods:
 * its runner is at it, or was stopped. Then its documents are not what the log up to its checkpoint says they will be.
 */
export async function isOwing(projection: Projection, build: ReadModel): Promise<boolean> {
  const { debt, watches } = projection
  if (!debt) return false
  for (let index = 0; index < build.partitions; index++) {
    const partition = partitionOf(index, build.partitions)
    const checkpoint = await build.checkpoint(index)
    const documents = new WorkingSet(build, checkpoint, projection, async () => {}, partition)
    for (const [collection, id] of watches) await documents.load(collection, [id])
    if (debt.owes(documents)) return true
  }
  return false
}

/** Where a partition of a build stands. */
interface Standing {
  readonly checkpoint: number
  readonly unit: string
}

async function standingOf(build: Build, { index }: Partition): Promise<Standing> {
  return { unit: await build.lastUnit(index), checkpoint: await build.checkpoint(index) }
}

/** So many changed documents make a unit of work while catching up: the larger, the fewer pages are written twice. */
const changesAUnit = 10_000
/** At the latest after so many events the checkpoint moves on, also where they change nothing. */
const eventsAUnit = 50_000

/**
 * Folds pages of the log into one build. Pages are gathered to units of work; while one is being gathered, the
 * one before it may still be on its way to the disk.
 */
export class Fold {
  readonly projection: Projection
  readonly build: Build
  readonly partition: Partition
  /** How many events the handlers got. */
  events = 0
  readonly #derived: DerivedEvents
  readonly #documents: WorkingSet
  readonly #derives: ReadonlySet<string>
  /** Where the last unit of work ends. */
  #checkpoint: number
  /** The name of the last unit of work. */
  #unit: string
  /** Where the documents in memory are: what comes after it is not in any of them. */
  #position: number
  /** The last event that was handled, or where the last page ended. */
  #passed: number
  /** The last event that was met, until it is noted. */
  #met: RecordedEvent | undefined
  #eventsInUnit = 0
  #inFlight: Promise<void> = Promise.resolve()

  private constructor(
    projection: Projection,
    build: Build,
    { checkpoint, unit }: Standing,
    derived: DerivedEvents,
    partition: Partition,
  ) {
    this.projection = projection
    this.build = build
    this.partition = partition
    this.#checkpoint = checkpoint
    this.#unit = unit
    this.#position = checkpoint
    this.#passed = checkpoint
    this.#derived = derived
    this.#derives = new Set(projection.derives)
    const flush = (changed: boolean) => this.#flush(changed)
    this.#documents = new WorkingSet(build, checkpoint, projection, flush, partition)
  }

  /**
   * Goes on where the build stands, and first pays what its last page still owes.
   *
   * @throws {ProjectionFailed} that cannot be paid
   */
  static async open(
    projection: Projection,
    build: Build,
    derived: DerivedEvents,
    partition = wholePartition,
  ): Promise<Fold> {
    const fold = new Fold(projection, build, await standingOf(build, partition), derived, partition)
    await fold.#payDebts()
    const failure = ownId(failureId, partition.index)
    const failed = await build.getMany(runnerCollection, [failure])
    if (failed.length > 0) fold.#documents.delete(runnerCollection, failure)
    await fold.settle()
    return fold
  }

  /**
   * Pays what the last page of a live build still owes and sends what it derived, and folds nothing. Another runner may
   * be at it: whoever comes later is fenced.
   *
   * @throws {Fenced} another runner has moved the build on
   */
  static async finish(projection: Projection, build: Build, eventStore: EventStore): Promise<void> {
    for (let index = 0; index < build.partitions; index++) {
      const outbox = await Outbox.open(build, eventStore, index, 0)
      const partition = partitionOf(index, build.partitions)
      const fold = new Fold(projection, build, await standingOf(build, partition), outbox, partition)
      await fold.#payDebts()
      await fold.settle()
    }
  }

  /** Everything up to here is folded, though perhaps not yet on disk. */
  get position(): number {
    return this.#position
  }

  /**
   * Folds what is new to the build in a page.
   *
   * @throws {ProjectionFailed} the build stays as it was some events before
   * @throws {Fenced} another runner has moved the build on
   */
  async apply({ events, position }: LogPage): Promise<void> {
    if (position <= this.#position) return
    const relevant = events.filter((event) => event.position > this.#position && this.#concerns(event))
    await this.#loadWatched()
    const { touch } = this.projection
    const own = this.#isShared ? relevant.filter((event) => this.#isOwn(this.#keyOf(event))) : relevant
    if (touch) await this.#documents.loadTouched(own, touch, (event, error) => this.#fail(event, error))
    for (const event of relevant) {
      const pending = this.#handle(event)
      if (pending) await pending
      this.#passed = event.position
    }
    this.#position = position
    this.#passed = position
    this.#met = events.at(-1) ?? this.#met
    this.#eventsInUnit += events.length
    if (this.#documents.changes >= changesAUnit || this.#eventsInUnit >= eventsAUnit) await this.#commit()
    await this.#payDebts()
    await this.#trim()
  }

  /** Waits for the unit of work that is on its way, and leaves it at that: the fold is of no use any more. */
  async abandon(): Promise<void> {
    await this.#inFlight.catch(() => {})
  }

  /** Waits until all that was folded is durable and its derived events are in the log. */
  async settle(): Promise<void> {
    await this.#inFlight
    while (this.#position > this.#checkpoint || this.#derived.owes || this.#documents.changes > 0) {
      await this.#commit()
      await this.#inFlight
    }
  }

  /** An event of a derived type is only looked at; the rest has a handler or does not matter. */
  #concerns(event: RecordedEvent): boolean {
    if (this.#derives.has(event.type)) this.#derived.saw(event, this.partition)
    return event.type in this.projection.handlers
  }

  get #isShared(): boolean {
    return this.partition !== wholePartition
  }

  /** By which the work is shared; undefined if the event concerns every partition, or there is only one. */
  #keyOf(event: RecordedEvent): string | undefined {
    return this.#isShared ? this.projection.sharing?.keyOf(event) : undefined
  }

  #isOwn(key: string | undefined): boolean {
    return key === undefined || this.partition.owns(key)
  }

  /** Only what is asynchronous is waited for: most events are handled without a turn of the event loop. */
  #handle(event: RecordedEvent): void | Promise<void> {
    // What a handler asks for before it writes is to be as the event before left it. Positions that are handed on
    // come from the log: to some engines, others are no places.
    this.#position = this.#passed
    const { handlers, sharing } = this.projection
    const key = this.#keyOf(event)
    const isOwn = this.#isOwn(key)
    // What concerns every partition is counted in the first.
    if (isOwn && (key !== undefined || this.partition.index === 0)) this.events++
    try {
      const pending = (isOwn ? handlers : sharing?.elsewhere)?.[event.type]?.(event, this.#documents)
      return pending?.catch((error: unknown) => this.#fail(event, error))
    } catch (error) {
      this.#fail(event, error)
    }
  }

  #fail(event: RecordedEvent | undefined, error: unknown): never {
    if (this.#documents.isTrouble(error)) throw error
    throw new ProjectionFailed(this.projection.name, event, error)
  }

  async #loadWatched(): Promise<void> {
    for (const [collection, id] of this.projection.watches) await this.#documents.load(collection, [id])
  }

  async #payDebts(): Promise<void> {
    const { debt } = this.projection
    if (!debt) return
    for (;;) {
      await this.#loadWatched()
      if (!debt.owes(this.#documents)) return
      await debt.pay(this.#documents).catch((error: unknown) => this.#fail(undefined, error))
      await this.#trim()
    }
  }

  /** Hands everything that changed to the read store. One unit at a time is on its way. */
  async #commit(): Promise<void> {
    await this.#inFlight
    const { writes, derived } = this.#documents.take()
    const { index } = this.partition
    const note = this.#met ? [originNote(this.#met, index)] : []
    const unit = {
      partition: index,
      expected: this.#checkpoint,
      checkpoint: this.#position,
      after: this.#unit,
      name: randomUUID(),
      writes: {
        ...writes,
        [outboxCollection]: this.#derived.stage(derived, this.#position),
        [runnerCollection]: [...(writes[runnerCollection] ?? []), ...note],
      },
    }
    this.#met = undefined
    this.#checkpoint = this.#position
    this.#unit = unit.name
    this.#eventsInUnit = 0
    this.#inFlight = this.build.commit(unit).then(() => this.#derived.publish())
    // The error is thrown where the unit is waited for, which is always before the next one.
    this.#inFlight.catch(() => {})
  }

  /** Memory does not grow with the log: lets go of documents, between pages. */
  async #trim(): Promise<void> {
    if (!this.#documents.isLarge) return
    if (this.#documents.changes > 0) await this.#commit()
    this.#documents.forget()
  }

  /** Brings what a query must see to the disk: all that happened before the current event. */
  async #flush(changed: boolean): Promise<void> {
    if (changed) await this.#commit()
    await this.#inFlight
  }
}
