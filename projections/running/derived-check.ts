import type { Event, NewEvent, RecordedEvent } from '../../domain/event.js'
import type { EventStore } from '../../event-store/port.js'
import type { Write } from '../../read-store/port.js'
import type { DerivedEvents } from './derived-events.js'
import { fingerprintOf } from './fingerprint.js'
import type { Partition } from './partition.js'
import type { Derived } from './working-set.js'

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
  /** Of its type and data. */
  readonly fingerprint: number
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
        if (contentOf(found) !== trace.fingerprint) this.#differs(id, trace)
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
    const differences = [...this.#differences]
    for (const [id, { stream }] of this.#met)
      differences.push({ id, stream, difference: 'not derived again' })
    for (const [id, trace] of this.#derived) {
      const { stream, fingerprint } = trace
      const found = await this.#find(id, trace)
      if (!found) differences.push({ id, stream, difference: 'missing in the log' })
      else if (contentOf(found) !== fingerprint) differences.push({ id, stream, difference: 'other content' })
    }
    return differences
  }

  async #find(id: string, { stream, revision }: Trace): Promise<RecordedEvent | undefined> {
    const [found] = await this.#eventStore.readStream(stream, { from: revision, limit: 1 })
    return found?.id === id ? found : undefined
  }

  #match(event: NewEvent, revision: number, others: Map<string, Trace>, own: Map<string, Trace>): void {
    const fingerprint = contentOf(event)
    const other = others.get(event.id)
    if (!other) own.set(event.id, { stream: event.stream, revision, fingerprint })
    else if (others.delete(event.id) && other.fingerprint !== fingerprint) {
      this.#differs(event.id, other)
    }
  }

  #differs(id: string, { stream }: Trace): void {
    this.#differences.push({ id, stream, difference: 'other content' })
  }
}

function contentOf({ type, data }: Event): number {
  return fingerprintOf([type, data])
}
