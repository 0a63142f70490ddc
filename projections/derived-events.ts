import { hash, randomUUID } from 'node:crypto'
import type { Event, NewEvent, RecordedEvent } from '../domain/event.js'
import type { EventStore } from '../event-store/port.js'
import type { Build, Write } from '../read-store/port.js'
import type { Partition } from './partition.js'
import type { Derived } from './working-set.js'

/** The collection of every build that holds derived events until they are in the log. */
export const outboxCollection = 'outbox'
const eventsAnAppend = 1_000

/** What becomes of the events that a projection derives. */
export interface DerivedEvents {
  /** Takes the events of a unit of work; the writes returned belong to the same unit. */
  stage(derived: readonly Derived[], position: number): readonly Write[]
  /** Called when the unit is durable. */
  publish(): Promise<void>
  /** Whether a unit of work is still owed although nothing else changed. */
  readonly owes: boolean
  /** Sees the events of the log that are of the derived types; all of them, for every partition. */
  saw(event: RecordedEvent, partition: Partition): void
}

interface OutboxDocument {
  readonly events: readonly Derived[]
}

/** A document of the outbox, from when it is staged until all of its events are in the log. */
interface Parcel {
  readonly id: string
  readonly events: readonly Derived[]
  /** How many of them are not known to be in the log. */
  left: number
}

/** So many derived events are awaited at a time, at 2 KB each; more are appended after all. */
const mostHeld = 10_000
/** So many ids are remembered of events that were met before they were derived. */
const mostSeen = 100_000

/**
 * Live: derived events wait in the outbox, written in one unit of work with the documents they were computed
 * with; then they are appended to the log under their own ids and at their own revisions; then they leave the
 * outbox. A crash anywhere in between repeats the last step or two, to no further effect.
 *
 * What follows from the events that were there when the outbox was opened may have been appended long ago: a new read
 * store is built from an old log. Until those have been read, events are awaited; what has not been met by then is
 * appended.
 */
export class Outbox implements DerivedEvents {
  readonly #eventStore: EventStore
  readonly #partition: number
  /** The head of the log when it was opened. */
  readonly #past: number
  /** Tells the documents of this outbox from those of another runner at the same position. */
  readonly #runner = randomUUID()
  #serial = 0
  /** Where the last unit of work ends. */
  #position = 0
  /** Of the unit of work that is on its way. */
  #staged: Parcel[] = []
  /** Events that are durable in the outbox and awaited, by id. */
  readonly #awaited = new Map<string, { readonly derived: Derived; readonly parcel: Parcel }>()
  /** Ids of events that were met and are not awaited, or not yet. */
  readonly #seen = new Set<string>()
  /** Ids of documents whose events are in the log. */
  #published: string[] = []

  private constructor(eventStore: EventStore, partition: number, past: number) {
    this.#eventStore = eventStore
    this.#partition = partition
    this.#past = past
  }

  /**
   * Opens the outbox of a partition, and appends what a crash left in it.
   *
   * @param past what follows from events up to here is awaited; default the head. Whoever does not go on reading has none: 0
   */
  static async open(build: Build, eventStore: EventStore, partition: number, past?: number): Promise<Outbox> {
    const outbox = new Outbox(eventStore, partition, past ?? (await eventStore.head()))
    outbox.#published = await drainOutbox(build, eventStore, partition)
    return outbox
  }

  stage(derived: readonly Derived[], position: number): readonly Write[] {
    const writes: Write[] = this.#published.map((id) => ({ id, document: undefined }))
    this.#published = []
    this.#position = position
    const events = derived.filter(({ event }) => !this.#seen.delete(event.id))
    if (events.length > 0) {
      const [at, serial] = [String(position).padStart(16, '0'), String(this.#serial++).padStart(10, '0')]
      const id = `${at}-${serial}-${this.#partition}-${this.#runner}`
      writes.push({ id, document: { events } satisfies OutboxDocument })
      this.#staged.push({ id, events, left: events.length })
    }
    return writes
  }

  async publish(): Promise<void> {
    for (const parcel of this.#staged.splice(0)) {
      for (const derived of parcel.events) {
        const { id } = derived.event
        // It may have been met while its unit was on its way.
        if (this.#seen.delete(id)) this.#arrived(parcel)
        else this.#awaited.set(id, { derived, parcel })
      }
    }
    if (this.#position < this.#past && this.#awaited.size <= mostHeld) return
    const waiting = [...this.#awaited.values()]
    this.#awaited.clear()
    await appendDerived(
      waiting.map(({ derived }) => derived),
      this.#eventStore,
    )
    for (const { parcel } of waiting) this.#arrived(parcel)
  }

  get owes(): boolean {
    return this.#published.length > 0
  }

  /** What was published later comes back with the log, and nothing is left to do for it. */
  saw({ id, position }: RecordedEvent): void {
    if (position > this.#past) return
    const awaited = this.#awaited.get(id)
    if (awaited) {
      this.#awaited.delete(id)
      this.#arrived(awaited.parcel)
    } else if (this.#seen.size < mostSeen) this.#seen.add(id)
  }

  #arrived(parcel: Parcel): void {
    if (--parcel.left === 0) this.#published.push(parcel.id)
  }
}

/**
 * Appends what stands in a build's outbox; answers the ids of the outbox documents.
 *
 * @param partition whose; without it everybody's
 */
export async function drainOutbox(
  build: Build,
  eventStore: EventStore,
  partition?: number,
): Promise<string[]> {
  const ids: string[] = []
  let after: string | undefined
  do {
    const page = await build.page(outboxCollection, { limit: 100, ...(after === undefined ? {} : { after }) })
    for (const { id, text } of page.rows) {
      if (partition !== undefined && Number(id.split('-')[2]) !== partition) continue
      await appendDerived((JSON.parse(text) as OutboxDocument).events, eventStore)
      ids.push(id)
    }
    after = page.next
  } while (after !== undefined)
  return ids
}

async function appendDerived(derived: readonly Derived[], eventStore: EventStore): Promise<void> {
  for (let from = 0; from < derived.length; from += eventsAnAppend) {
    const page = derived.slice(from, from + eventsAnAppend)
    const first = new Map<string, number>()
    for (const { event, revision } of page) if (!first.has(event.stream)) first.set(event.stream, revision)
    await eventStore.append(
      page.map(({ event }) => event),
      [...first].map(([stream, revision]) => ({ stream, revision: revision === 0 ? 'none' : revision - 1 })),
    )
  }
}

/** A derived event that a rebuild computed and the log does not have, or the other way round. */
export interface DerivedDifference {
  readonly id: string
  readonly stream: string
  readonly difference: 'missing in the log' | 'not derived again' | 'other content'
}

/** So many derived events are awaited at a time, at some 200 bytes each; beyond that they are looked up. */
const mostAwaited = 200_000

/** What is kept of a derived event until its other half is met. */
interface Trace {
  readonly stream: string
  readonly revision: number
  /** Of its type and data as JSON. */
  readonly digest: string
}

/**
 * Rebuild: nothing is appended; every derived event is checked against the log. A derived event enters the log some
 * time after what it was derived from, so it is awaited. Where too many are, the oldest are looked up at the revisions
 * that they must have.
 */
export class DerivedCheck implements DerivedEvents {
  readonly owes = false
  /** Derived, and not met in the log yet; by event id. */
  readonly #derived = new Map<string, Trace>()
  /** Met in the log, and not derived yet: both may be in one page. */
  readonly #met = new Map<string, Trace>()
  /** Positions of derived events that were looked up: they need not be awaited when they are met. */
  readonly #lookedUp = new Set<number>()
  readonly #differences: DerivedDifference[] = []
  readonly #eventStore: EventStore

  constructor(eventStore: EventStore) {
    this.#eventStore = eventStore
  }

  stage(derived: readonly Derived[]): readonly Write[] {
    for (const { event, revision } of derived) this.#match(event, revision, this.#met, this.#derived)
    return []
  }

  async publish(): Promise<void> {
    if (this.#derived.size <= mostAwaited) return
    for (const [id, trace] of this.#derived) {
      const found = await this.#find(id, trace)
      if (found) {
        this.#lookedUp.add(found.position)
        this.#derived.delete(id)
        if (digestOf(found) !== trace.digest) this.#report(id, trace, 'other content')
      }
      if (this.#derived.size <= mostAwaited / 2) return
    }
  }

  /** One partition looks for all of them. */
  saw(event: RecordedEvent, { index }: Partition): void {
    if (index > 0) return
    if (!this.#lookedUp.delete(event.position)) this.#match(event, event.revision, this.#derived, this.#met)
  }

  /** What differs, once the build is complete: what is still awaited may stand further on in the log. */
  async differences(): Promise<readonly DerivedDifference[]> {
    for (const [id, trace] of this.#met) this.#report(id, trace, 'not derived again')
    for (const [id, trace] of this.#derived) {
      const found = await this.#find(id, trace)
      if (!found) this.#report(id, trace, 'missing in the log')
      else if (digestOf(found) !== trace.digest) this.#report(id, trace, 'other content')
    }
    return this.#differences
  }

  async #find(id: string, { stream, revision }: Trace): Promise<RecordedEvent | undefined> {
    const [found] = await this.#eventStore.readStream(stream, { from: revision, limit: 1 })
    return found?.id === id ? found : undefined
  }

  #match(event: NewEvent, revision: number, others: Map<string, Trace>, own: Map<string, Trace>): void {
    const other = others.get(event.id)
    const trace = { stream: event.stream, revision, digest: digestOf(event) }
    if (!other) own.set(event.id, trace)
    else if (other.digest !== trace.digest) this.#report(event.id, trace, 'other content')
    others.delete(event.id)
  }

  #report(id: string, { stream }: Trace, difference: DerivedDifference['difference']): void {
    this.#differences.push({ id, stream, difference })
  }
}

function digestOf({ type, data }: Event): string {
  return hash('sha1', JSON.stringify([type, data]), 'base64url')
}
