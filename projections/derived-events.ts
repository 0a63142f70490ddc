import { randomUUID } from 'node:crypto'
import type { Event, NewEvent, RecordedEvent } from '../domain/event.js'
import type { EventStore } from '../event-store/port.js'
import type { Build, Write } from '../read-store/port.js'
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
  /** Sees the events of the log that are of the derived types. */
  saw(event: RecordedEvent): void
}

interface OutboxDocument {
  readonly events: readonly Derived[]
}

/**
 * Live: derived events wait in the outbox, written in one unit of work with the documents they were computed
 * with; then they are appended to the log under their own ids and at their own revisions; then they leave the
 * outbox. A crash anywhere in between repeats the last step or two, to no further effect.
 */
export class Outbox implements DerivedEvents {
  readonly #eventStore: EventStore
  #staged: Derived[] = []
  #stagedIds: string[] = []
  #published: string[] = []
  #serial = 0
  /** Tells the documents of this outbox from those of another runner at the same position. */
  readonly #runner = randomUUID()

  private constructor(eventStore: EventStore) {
    this.#eventStore = eventStore
  }

  /** Opens the outbox of a build, and appends what a crash left in it. */
  static async open(build: Build, eventStore: EventStore): Promise<Outbox> {
    const outbox = new Outbox(eventStore)
    outbox.#published = await drainOutbox(build, eventStore)
    return outbox
  }

  stage(derived: readonly Derived[], position: number): readonly Write[] {
    const writes: Write[] = this.#published.map((id) => ({ id, document: undefined }))
    this.#published = []
    if (derived.length > 0) {
      const [at, serial] = [String(position).padStart(16, '0'), String(this.#serial++).padStart(10, '0')]
      const id = `${at}-${serial}-${this.#runner}`
      writes.push({ id, document: { events: derived } satisfies OutboxDocument })
      this.#staged.push(...derived)
      this.#stagedIds.push(id)
    }
    return writes
  }

  async publish(): Promise<void> {
    const [staged, ids] = [this.#staged, this.#stagedIds]
    if (ids.length === 0) return
    this.#staged = []
    this.#stagedIds = []
    await appendDerived(staged, this.#eventStore)
    this.#published.push(...ids)
  }

  get owes(): boolean {
    return this.#published.length > 0
  }

  saw(): void {
    // What was published comes back with the log; nothing is left to do for it.
  }
}

/** Appends what stands in a build's outbox; answers the ids of the outbox documents. */
export async function drainOutbox(build: Build, eventStore: EventStore): Promise<string[]> {
  const ids: string[] = []
  let after: string | undefined
  do {
    const page = await build.page(outboxCollection, { limit: 100, ...(after === undefined ? {} : { after }) })
    for (const { id, text } of page.rows) {
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

/**
 * Rebuild: nothing is appended; every derived event is checked against the log. Since a derived event enters the
 * log soon after what it was derived from, few of them are held at a time.
 */
export class DerivedCheck implements DerivedEvents {
  readonly owes = false
  /** Derived, and not met in the log yet. */
  readonly #derived = new Map<string, NewEvent>()
  /** Met in the log, and not derived yet: both may be in one page. */
  readonly #met = new Map<string, NewEvent>()
  readonly #differences: DerivedDifference[] = []

  stage(derived: readonly Derived[]): readonly Write[] {
    for (const { event } of derived) this.#match(event, this.#met, this.#derived)
    return []
  }

  async publish(): Promise<void> {
    // A rebuild sends nothing again.
  }

  saw(event: RecordedEvent): void {
    this.#match(event, this.#derived, this.#met)
  }

  /** What differs, once the build is complete: what is still awaited may stand further on in the log. */
  async differences(eventStore: EventStore): Promise<readonly DerivedDifference[]> {
    for (const event of this.#met.values()) this.#report(event, 'not derived again')
    for (const event of this.#derived.values()) {
      const found = await findEvent(eventStore, event)
      if (!found) this.#report(event, 'missing in the log')
      else if (!sameFact(event, found)) this.#report(event, 'other content')
    }
    return this.#differences
  }

  #match(event: NewEvent, others: Map<string, NewEvent>, own: Map<string, NewEvent>): void {
    const other = others.get(event.id)
    if (!other) own.set(event.id, event)
    else if (!sameFact(event, other)) this.#report(event, 'other content')
    others.delete(event.id)
  }

  #report({ id, stream }: NewEvent, difference: DerivedDifference['difference']): void {
    this.#differences.push({ id, stream, difference })
  }
}

async function findEvent(
  eventStore: EventStore,
  { id, stream }: NewEvent,
): Promise<RecordedEvent | undefined> {
  for (let from = 0; ;) {
    const page = await eventStore.readStream(stream, { from, limit: 100 })
    const found = page.find((event) => event.id === id)
    if (found || page.length === 0) return found
    from += page.length
  }
}

function sameFact(a: Event, b: Event): boolean {
  if (a.type !== b.type) return false
  return isSameJson(a.data, b.data) || JSON.stringify(a.data) === JSON.stringify(b.data)
}

/** Whether two values are the same as JSON, order of fields included. It may miss some that are, but is quick. */
function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const [names, others] = [Object.keys(a), Object.keys(b)]
  if (names.length !== others.length || Array.isArray(a) !== Array.isArray(b)) return false
  const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>]
  return names.every((name, i) => name === others[i] && isSameJson(x[name], y[name]))
}
