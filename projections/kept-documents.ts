import type { Document, Write } from '../read-store/port.js'

/** A document at hand; undefined where there is none of its id. */
interface Entry {
  readonly id: string
  document: Document | undefined
  changed: boolean
}

/**
 * The documents of one collection that are at hand: those that were used since the last but one {@link age}.
 */
export class KeptDocuments {
  #used = new Map<string, Entry>()
  #aging = new Map<string, Entry>()
  #changed: Entry[] = []

  /** How many were used since the last {@link age}. */
  get size(): number {
    return this.#used.size
  }

  get changes(): number {
    return this.#changed.length
  }

  find(id: string): Entry | undefined {
    const entry = this.#used.get(id)
    if (entry) return entry
    const aging = this.#aging.get(id)
    if (aging) this.#used.set(id, aging)
    return aging
  }

  /** Takes in what the store holds. */
  add(id: string, document: Document | undefined): void {
    this.#used.set(id, { id, document, changed: false })
  }

  change(id: string, document: Document | undefined): void {
    let entry = this.find(id)
    if (!entry) this.#used.set(id, (entry = { id, document, changed: false }))
    entry.document = document
    if (entry.changed) return
    entry.changed = true
    this.#changed.push(entry)
  }

  /** What changed since the last call. */
  take(): Write[] {
    const writes = this.#changed.map(({ id, document }) => ({ id, document }))
    for (const entry of this.#changed) entry.changed = false
    this.#changed = []
    return writes
  }

  /** Lets go of what was not used since the last call. Only when everything that changed is committed. */
  age(): void {
    this.#aging = this.#used
    this.#used = new Map()
  }
}
