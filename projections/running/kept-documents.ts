import { compareBytewise } from '../../domain/bytewise.js'
import type { Document, Write } from '../../read-store/port.js'

/** A document at hand that its user may hold on to, as long as {@link use} says so. */
export interface HeldDocument {
  readonly id: string
  /** As it stands after the event before; undefined where there is none of this id. */
  readonly document: Document | undefined
  /** What its user worked out and wants to find again. Lost when the document is let go. */
  memo: unknown
  /** Marks it as used, so that it stays. False if it was let go: then it has to be asked for again. */
  use(): boolean
  change(document: Document | undefined): void
}

/**
 * The documents of one collection that are at hand: those that were used since the last {@link age}, and those that
 * came since.
 */
export class KeptDocuments {
  readonly #entries = new Map<string, Entry>()
  readonly #changed: Entry[] = []
  /** Taken last, and not yet known to be stored. */
  #underWay: Entry[] = []
  readonly #uses = { count: 0 }
  #isWhole: boolean

  /** @param isWhole nothing is stored yet */
  constructor(isWhole: boolean) {
    this.#isWhole = isWhole
  }

  /** Every document that there is, is at hand. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** How many were used since the last {@link age}. */
  get size(): number {
    return this.#uses.count
  }

  get changes(): number {
    return this.#changed.length
  }

  find(id: string): HeldDocument | undefined {
    const entry = this.#entries.get(id)
    entry?.use()
    return entry
  }

  /** The ids in a range of those that there are, in their order (bytewise). Costs a look at each that is at hand. */
  idsBetween(from: string | undefined, to: string | undefined): string[] {
    const ids: string[] = []
    for (const { id, document } of this.#entries.values()) {
      if (document === undefined) continue
      if (from !== undefined && compareBytewise(id, from) < 0) continue
      if (to === undefined || compareBytewise(id, to) < 0) ids.push(id)
    }
    return ids.sort(compareBytewise)
  }

  /** Takes in what the store holds. */
  add(id: string, document: Document | undefined): void {
    const entry = this.#add(id)
    entry.document = document
    entry.stored = document !== undefined
  }

  change(id: string, document: Document | undefined): void {
    // Of one that was never loaded, nobody knows.
    const entry = this.#entries.get(id) ?? this.#add(id)
    entry.change(document)
  }

  /** What changed since the last call. Only when what that call answered is stored. */
  take(): Write[] {
    const writes = this.#changed.map(({ id, document, stored }) => ({ id, document, fresh: !stored }))
    for (const entry of this.#underWay) entry.underWay = false
    this.#underWay = this.#changed.splice(0)
    for (const entry of this.#underWay) {
      entry.changed = false
      entry.stored = true
      entry.underWay = true
    }
    return writes
  }

  /** Lets go of what was not used since the last call, but not of what is yet to be stored: it could not be loaded. */
  age(): void {
    for (const entry of this.#entries.values()) {
      if (entry.used) entry.used = false
      else if (!entry.changed && !entry.underWay) {
        entry.atHand = false
        this.#isWhole = false
        this.#entries.delete(entry.id)
      }
    }
    this.#uses.count = 0
  }

  #add(id: string): Entry {
    const entry = new Entry(id, this.#changed, this.#uses)
    this.#entries.set(id, entry)
    entry.use()
    return entry
  }
}

class Entry implements HeldDocument {
  document: Document | undefined = undefined
  memo: unknown = undefined
  changed = false
  underWay = false
  /** The store has it, or might. */
  stored = true
  used = false
  atHand = true

  constructor(
    readonly id: string,
    private readonly changes: Entry[],
    private readonly uses: { count: number },
  ) {}

  use(): boolean {
    if (!this.used && this.atHand) {
      this.used = true
      this.uses.count++
    }
    return this.atHand
  }

  change(document: Document | undefined): void {
    this.use()
    this.document = document
    if (this.changed) return
    this.changed = true
    this.changes.push(this)
  }
}
