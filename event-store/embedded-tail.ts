import type { RecordedEvent } from '../domain/event.js'
import { KeyTable } from './key-table.js'

/** So many events are expected in a tail. */
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
 * It is bounded: a full tail goes to the index as one sorted batch (see embedded-index.ts).
 */
export class Tail {
  /** Key of an id (see {@link idKey}) → position. */
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

  add(
    key: number,
    { stream, revision, position }: Pick<RecordedEvent, 'stream' | 'revision' | 'position'>,
  ): void {
    this.ids.set(key, position)
    const run = this.runs.get(stream)
    if (run) run.positions.push(position)
    else this.runs.set(stream, { stream, revision, positions: [position] })
    this.head = position
  }

  /** The revision of a stream's last event, if that is in this tail. */
  revisionOf(stream: string): number | undefined {
    const run = this.runs.get(stream)
    return run && run.revision + run.positions.length - 1
  }
}

/**
 * The integer under which an id is found: 52 well-mixed bits of it. Two ids may share a key, so whoever finds
 * a key compares the id itself and, where it is another one, goes on at the next key ({@link nextKey}).
 */
export function idKey(id: string): number {
  let high = 0x9e3779b9
  let low = 0x85ebca6b
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i)
    high = Math.imul(high ^ code, 0x9e3779b1)
    low = Math.imul(low ^ code, 0x5f356495)
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35)
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35)
  return (high >>> 12) * 2 ** 32 + (low >>> 0)
}

export function nextKey(key: number): number {
  return (key + 1) % 2 ** 52
}
