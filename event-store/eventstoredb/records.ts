import type { RecordedEvent as ServerEvent } from '@eventstore/db-client'
import { positionOf } from './events.js'
import { isUnknownPlace } from './failures.js'
import type { Reads } from './reads.js'

/** Records a reading, when reading on in windows that grow. */
const largestWindow = 4_096

/** Looks at a record of the server's log. `false`: that was enough. */
export type LookAt = (sent: ServerEvent, position: number) => boolean

/**
 * The records of the server's log after or before a place, whoever wrote them. One try each.
 *
 * A place is given as the position of a record. The server refuses others (and versions differ in what they do about
 * one whose record was scavenged), so a place that it does not know is looked for from the beginning or the end.
 */
export class Records {
  readonly #reads: Reads
  /** Where the log begins: nothing of ours stands before it, nor at it. */
  readonly start: number

  constructor(reads: Reads, start: number) {
    this.#reads = reads
    this.start = start
  }

  /** Shows records after a position, oldest first, `limit` at most. Answers how many. Less: the log ends there. */
  async after(position: number, limit: number, look: LookAt): Promise<number> {
    let reached = Math.max(position, this.start)
    let from = reached
    let seen = 0
    let more = limit > 0
    while (more) {
      try {
        await this.#reads.log(
          { ...fromOf(from), limit: from < reached ? endless : limit - seen + 1 },
          (sent) => {
            const at = positionOf(sent)
            // Reading starts with the record at the place itself, if it is still there.
            if (at <= reached) return true
            reached = at
            from = at
            seen++
            more = look(sent, at) && seen < limit
            return more
          },
        )
        break
      } catch (error) {
        if (seen > 0 || from === this.start || !isUnknownPlace(error)) throw error
        from = this.start
      }
    }
    return seen
  }

  /** Shows records before a position, or from the end, newest first, until it is enough or the log begins. */
  async before(position: number | undefined, look: LookAt): Promise<void> {
    let from = position
    let more = true
    for (let size = 4; more; size = Math.min(size * 8, largestWindow)) {
      let read = 0
      try {
        await this.#reads.log({ backward: true, ...fromOf(from), limit: size }, (sent) => {
          const at = positionOf(sent)
          from = at
          read++
          more = at > this.start && (at >= (position ?? Infinity) || look(sent, at))
          return more
        })
      } catch (error) {
        if (read > 0 || from === undefined || !isUnknownPlace(error)) throw error
        from = undefined
        continue
      }
      if (read < size) return
    }
  }

  /** The record that stands at a position, if one does. */
  async at(position: number): Promise<ServerEvent | undefined> {
    let found: ServerEvent | undefined
    try {
      await this.#reads.log({ from: position, limit: 1 }, (sent) => {
        if (positionOf(sent) === position) found = sent
      })
    } catch (error) {
      if (!isUnknownPlace(error)) throw error
    }
    return found
  }
}

const endless = Number.MAX_SAFE_INTEGER

function fromOf(from: number | undefined): { readonly from?: number } {
  return from === undefined || from === 0 ? {} : { from }
}
