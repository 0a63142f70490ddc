import type { RecordedEvent } from '../../domain/event.js'
import type { EventFormat } from './events.js'
import { isOfCategory, type StreamNames } from './names.js'
import type { Patience } from './patience.js'
import type { Reads } from './reads.js'
import type { Records } from './records.js'
import type { LogPage, ReadAll, ReadStream } from '../port.js'

/** Records a reading: at least, at most. */
const window = { least: 64, most: 4_096 }
/** So many records make a page where few of them are of ours: then it says how far it reaches. */
const recordsAPage = 20_000

/** Streams and the log as they are read in pages. What is not ours is passed over. */
export class Pages {
  readonly #reads: Reads
  readonly #records: Records
  readonly #names: StreamNames
  readonly #format: EventFormat
  readonly #patience: Patience

  constructor(reads: Reads, records: Records, names: StreamNames, format: EventFormat, patience: Patience) {
    this.#reads = reads
    this.#records = records
    this.#names = names
    this.#format = format
    this.#patience = patience
  }

  async ofStream(stream: string, { direction, from, limit }: ReadStream): Promise<RecordedEvent[]> {
    const backward = direction === 'backward'
    const name = this.#names.inServer(stream)
    const events: RecordedEvent[] = []
    let next = from
    let ended = limit < 1 || (from ?? 0) < 0
    while (!ended) {
      await this.#patience.retry('read', async () => {
        const wanted = limit - events.length
        const read = await this.#reads.stream(name, { backward, from: next, limit: wanted }, (sent) => {
          next = Number(sent.revision) + (backward ? -1 : 1)
          const incoming = this.#format.fromServer(sent)
          if (incoming) events.push(incoming.event)
        })
        ended = read < wanted || events.length >= limit || (next ?? 0) < 0
      })
    }
    return events
  }

  async ofLog({ after, limit, categories }: ReadAll): Promise<LogPage> {
    const wanted = categories && new Set(categories)
    const events: RecordedEvent[] = []
    /** The last record that was looked at. */
    let reached = after
    const look = (sent: Parameters<EventFormat['fromServer']>[0], position: number) => {
      reached = position
      const event = this.#format.fromServer(sent)?.event
      if (event && isOfCategory(event.stream, wanted)) events.push(event)
      return events.length < limit
    }
    for (let size = window.least, records = 0; records < recordsAPage && events.length < limit; size *= 2) {
      const most = Math.min(Math.max(limit - events.length, size), window.most)
      let read = 0
      await this.#patience.retry('read', async () => {
        read = await this.#records.after(reached, most, look)
      })
      if (read < most) break
      records += read
    }
    return { events, position: reached }
  }
}
