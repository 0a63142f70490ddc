import { nextKey } from './id-key.js'
import { KeyTable } from './key-table.js'

/** So many events are expected in a tail; more make it grow. */
const expectedEvents = 32_768

/** The part of a stream that one tail or one index row knows: consecutive revisions and their positions. */
export interface Run {
  readonly stream: string
  /** Of the first position. */
  readonly revision: number
  readonly positions: number[]
}

/**
 * The newest part of the log, which the index does not hold yet: where each of its ids and streams stands.
 * It is bounded: a full tail goes to the index as one sorted batch (see index.ts).
 */
export class Tail {
  /** Key of an id (see id-key.ts) → position. */
  readonly ids = new KeyTable(expectedEvents)
  readonly runs = new Map<string, Run>()
  /** The position before the first event of this tail. */
  readonly after: number
  /** The position of its last event. */
  head: number

  constructor(after: number) {
    this.after = after
    this.head = after
  }

  get size(): number {
    return this.ids.size
  }

  /** The run of a stream that has none here yet: its next event has this revision. */
  begin(stream: string, revision: number): Run {
    const run = { stream, revision, positions: [] }
    this.runs.set(stream, run)
    return run
  }

  /**
   * Adds the next event of a run. Where its key is taken by another id, it goes to the next one that is free.
   *
   * @returns its revision
   */
  add(key: number, { revision, positions }: Run, position: number): number {
    while (!this.ids.add(key, position)) key = nextKey(key)
    this.head = position
    return revision + positions.push(position) - 1
  }

  /** The revision of a stream's last event, if that is in this tail. */
  revisionOf(stream: string): number | undefined {
    const run = this.runs.get(stream)
    return run && run.revision + run.positions.length - 1
  }
}
