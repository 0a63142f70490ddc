import {
  BACKWARDS,
  END,
  ErrorType,
  FORWARDS,
  START,
  type EventStoreDBClient,
  type RecordedEvent as ServerEvent,
  type StreamingRead,
} from '@eventstore/db-client'
import { isOfType, NoAnswer } from './failures.js'
import { placeAt } from './events.js'
import { closed } from './patience.js'

export interface StreamRead {
  readonly backward?: boolean
  /** Default the first revision, or the last if backward. */
  readonly from?: number | undefined
  /** Default all of them. */
  readonly limit?: number
}

export interface LogRead {
  readonly backward?: boolean
  /**
   * The position of a record: reading forward starts with it, reading backward before it. Default the start, or the
   * end if backward.
   */
  readonly from?: number | undefined
  readonly limit: number
}

/** Looks at an event. `false`: that was enough. */
export type Look = (event: ServerEvent) => boolean | void

/** Of a read that was enough, so many events are let come. */
const mostLeft = 256

/** Reads of the server, one try each. They are answered by the leader, which knows all that was acknowledged. */
export class Reads {
  readonly #client: EventStoreDBClient
  /** How long to wait for the next event, in milliseconds. */
  readonly #answer: number
  readonly #underWay = new Set<(error: Error) => void>()

  constructor(client: EventStoreDBClient, answer: number) {
    this.#client = client
    this.#answer = answer
  }

  /**
   * The events of a stream as they are in the server, and how many there were; none if it does not exist.
   *
   * @param name of the stream in the server
   */
  async stream(name: string, { backward = false, from, limit }: StreamRead, look: Look): Promise<number> {
    const read = this.#client.readStream(name, {
      direction: backward ? BACKWARDS : FORWARDS,
      fromRevision: from === undefined ? (backward ? END : START) : BigInt(from),
      requiresLeader: true,
      ...(limit === undefined ? {} : { maxCount: limit }),
    })
    try {
      return await this.#each(read, limit ?? Infinity, look)
    } catch (error) {
      if (isOfType(error, ErrorType.STREAM_NOT_FOUND)) return 0
      throw error
    }
  }

  /** The records of the log of the server, whoever wrote them. Answers how many there were. */
  async log({ backward = false, from, limit }: LogRead, look: Look): Promise<number> {
    const read = this.#client.readAll({
      direction: backward ? BACKWARDS : FORWARDS,
      fromPosition: from === undefined ? (backward ? END : START) : placeAt(from),
      maxCount: limit,
      requiresLeader: true,
    })
    return this.#each(read, limit, look)
  }

  /** Ends all reads that are under way. */
  close(): void {
    for (const stop of [...this.#underWay]) stop(closed())
  }

  /**
   * By events, not by iteration: that is twice as fast. What is left of a read that was enough is let run out if it
   * is little: servers close the connection of a client that cancels often.
   */
  #each(read: StreamingRead<Resolved>, limit: number, look: Look): Promise<number> {
    return new Promise((resolve, reject) => {
      let seen = 0
      let seenBefore = 0
      let enough = false
      const settle = () => {
        clearInterval(timer)
        this.#underWay.delete(fail)
      }
      const leave = () => {
        settle()
        read.off('data', take)
        read.cancel().catch(() => {})
      }
      const fail = (error: Error) => {
        leave()
        reject(error)
      }
      const take = ({ event }: Resolved) => {
        if (enough || !event) return
        seen++
        try {
          enough = look(event) === false
        } catch (error) {
          fail(error instanceof Error ? error : new Error(String(error)))
        }
        if (!enough) return
        if (limit - seen > mostLeft) leave()
        else settle()
        resolve(seen)
      }
      const timer = setInterval(() => {
        if (seen === seenBefore) fail(new NoAnswer(this.#answer))
        seenBefore = seen
      }, this.#answer)
      this.#underWay.add(fail)
      read.on('data', take)
      // What becomes of a read that was left concerns nobody: it has been answered.
      read.on('error', (error) => {
        settle()
        reject(error)
      })
      read.on('end', () => {
        settle()
        resolve(seen)
      })
    })
  }
}

interface Resolved {
  readonly event?: ServerEvent
}
