import { randomUUID } from 'node:crypto'
import type { RecordedEvent } from '../../domain/event.js'
import { RevisionConflict } from '../../event-store/errors.js'
import type { EventStore } from '../../event-store/port.js'
import { allRows, type Pages } from '../../read-store/all-rows.js'
import type { Build, Write } from '../../read-store/port.js'
import type { DerivedEvents } from './derived-events.js'
import type { Derived } from './working-set.js'

/** The collection of every build that holds derived events until they are in the log. */
export const outboxCollection = 'outbox'
const eventsAnAppend = 1_000
const documentsAPage = 100

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
  for await (const { id, text } of allRows(build, outboxCollection, { limit: documentsAPage })) {
    if (partition !== undefined && Number(id.split('-')[2]) !== partition) continue
    await appendDerived((JSON.parse(text) as OutboxDocument).events, eventStore)
    ids.push(id)
  }
  return ids
}

/** The checkpoint of the first unit of work whose events wait in the outbox of a build; Infinity if none do. */
export async function firstWaiting(build: Pages): Promise<number> {
  const [first] = (await build.page(outboxCollection, { limit: 1 })).rows
  return first ? Number(first.id.split('-')[0]) : Infinity
}

/** The ids of the events that wait in the outbox of a build. */
export async function* waitingIn(build: Pages): AsyncGenerator<string, void, void> {
  for await (const { text } of allRows(build, outboxCollection, { limit: documentsAPage }))
    for (const { event } of (JSON.parse(text) as OutboxDocument).events) yield event.id
}

/** Appends derived events that may be in the log already, all of them or some. */
async function appendDerived(derived: readonly Derived[], eventStore: EventStore): Promise<void> {
  for (let from = 0; from < derived.length; from += eventsAnAppend) {
    const page = derived.slice(from, from + eventsAnAppend)
    try {
      await appendTogether(page, eventStore)
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error
      // Some were appended before in pages that ended elsewhere. Each by itself is there already, or has its place.
      await Promise.all(page.map((one) => appendTogether([one], eventStore)))
    }
  }
}

async function appendTogether(page: readonly Derived[], eventStore: EventStore): Promise<void> {
  const first = new Map<string, number>()
  for (const { event, revision } of page) if (!first.has(event.stream)) first.set(event.stream, revision)
  await eventStore.append(
    page.map(({ event }) => event),
    [...first].map(([stream, revision]) => ({ stream, revision: revision === 0 ? 'none' : revision - 1 })),
  )
}
