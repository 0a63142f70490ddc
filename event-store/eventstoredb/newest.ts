import { LogUnusable } from '../errors.js'
import type { EventFormat } from './events.js'
import { claimStream, type StreamNames } from './names.js'
import type { Pages } from './pages.js'
import type { Patience } from './patience.js'
import type { Records } from './records.js'
import { Slots } from './slots.js'
import type { StreamSummary } from '../port.js'

/** Candidates of a page that are looked at together. */
const candidatesAtOnce = 64

/** The log from its end. */
export class NewestFirst {
  readonly #records: Records
  readonly #pages: Pages
  readonly #format: EventFormat
  readonly #patience: Patience
  readonly #slots = new Slots(candidatesAtOnce)
  /** The last event of ours, and up to where there is no later one. */
  #head: { readonly position: number; readonly seen: number }

  constructor(records: Records, pages: Pages, format: EventFormat, patience: Patience) {
    this.#records = records
    this.#pages = pages
    this.#format = format
    this.#patience = patience
    this.#head = { position: 0, seen: records.start }
  }

  /** The position of the last event of ours; 0 if there is none. Reads what was added since it was last asked. */
  async head(): Promise<number> {
    const { position, seen } = this.#head
    let newest = 0
    let found = position
    await this.#patience.retry('read', () =>
      this.#records.before(undefined, (sent, at) => {
        newest = Math.max(newest, at)
        if (at <= seen) return false
        if (!this.#format.fromServer(sent)) return true
        found = Math.max(found, at)
        return false
      }),
    )
    this.passed(found, newest)
    return Math.max(this.#head.position, found)
  }

  /** Notes an event of ours, and up to where there is no later one. */
  passed(position: number, seen = position): void {
    if (seen < this.#head.seen) return
    this.#head = { position: Math.max(position, this.#head.position), seen }
  }

  async streams({ before, limit }: { before?: number; limit: number }): Promise<StreamSummary[]> {
    const found: StreamSummary[] = []
    const looked = new Set<string>()
    let next = before
    for (let ended = false; !ended && found.length < limit;) {
      const candidates: StreamSummary[] = []
      ended = true
      await this.#patience.retry('read', () =>
        this.#records.before(next, (sent, position) => {
          next = position
          const event = this.#format.fromServer(sent)?.event
          if (event && !looked.has(event.stream)) {
            looked.add(event.stream)
            candidates.push({ stream: event.stream, revision: event.revision, position })
          }
          ended = candidates.length < limit - found.length
          return ended
        }),
      )
      found.push(...(before === undefined ? candidates : await this.#newestOf(candidates)))
    }
    return found
  }

  /** Those that stand for the last event of their stream: it may have gone on after the place where reading began. */
  async #newestOf(candidates: readonly StreamSummary[]): Promise<StreamSummary[]> {
    const last = await Promise.all(
      candidates.map(({ stream }) =>
        this.#slots.run(() => this.#pages.ofStream(stream, { direction: 'backward', limit: 1 })),
      ),
    )
    return candidates.filter(({ revision }, i) => last[i]?.[0]?.revision === revision)
  }
}

/**
 * Whether a namespace is ours: the newest event in it is, if it has one.
 *
 * @throws {LogUnusable}
 */
export async function assertNamespaceIsOurs(
  records: Records,
  names: StreamNames,
  format: EventFormat,
): Promise<void> {
  if (names.namespace === undefined) return
  await records.before(undefined, (sent) => {
    const stream = names.fromServer(sent.streamId)
    if (stream === undefined || stream === claimStream) return true
    if (format.fromServer(sent)) return false
    throw new LogUnusable(
      `the stream ${sent.streamId} of EventStoreDB holds events that Tidemark did not write: ` +
        'another application uses the namespace, so choose another one (TIDEMARK_NAMESPACE)',
    )
  })
}
