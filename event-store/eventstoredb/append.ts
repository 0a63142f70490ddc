import type { NewEvent } from '../../domain/event.js'
import { RevisionConflict } from '../errors.js'
import type { Connection } from './connection.js'
import type { EventFormat, Incoming } from './events.js'
import { MayPass } from './failures.js'
import type { KnownStreams } from './known.js'
import type { StreamNames } from './names.js'
import { cutIntoParts, runsOf, type Call, type Part } from './parts.js'
import type { Patience } from './patience.js'
import { sendInOrder, type Answered } from './pipeline.js'
import { Slots } from './slots.js'
import type { Tails } from './tails.js'
import { StreamTurns } from './turns.js'
import type { Appended, Expectation, Placed } from '../port.js'

/** So many streams are read at once. */
const readsAtOnce = 64

export interface AppendsOptions {
  readonly connection: Connection
  readonly names: StreamNames
  readonly format: EventFormat
  readonly tails: Tails
  readonly patience: Patience
  readonly known: KnownStreams
}

/**
 * Appends exactly once, whatever the server answers (docs/decisions/0006-exact-appends.md): what is new is decided from
 * the ids that the streams have, every append names the one revision at which that was so, and what came of it is what
 * the stream then holds.
 */
export class Appends {
  readonly #connection: Connection
  readonly #names: StreamNames
  readonly #format: EventFormat
  readonly #tails: Tails
  readonly #patience: Patience
  readonly #known: KnownStreams
  readonly #turns = new StreamTurns()
  readonly #slots = new Slots(readsAtOnce)

  constructor({ connection, names, format, tails, patience, known }: AppendsOptions) {
    this.#connection = connection
    this.#names = names
    this.#format = format
    this.#tails = tails
    this.#patience = patience
    this.#known = known
  }

  async append(events: readonly NewEvent[], expect: readonly Expectation[]): Promise<Appended> {
    const begin = (stream: string) => this.#known.begin(this.#names.inServer(stream))
    const call = cutIntoParts(events, expect, this.#format, begin)
    const names = [...call.parts.values()].map(({ name }) => name)
    await this.#turns.run(names, () =>
      this.#known.using(names, async () => {
        try {
          await this.#write(call)
        } catch (error) {
          // What was sent may still arrive.
          if (!(error instanceof RevisionConflict)) for (const name of names) this.#known.forget(name)
          throw error
        }
      }),
    )
    return placesOf(call)
  }

  /** Writes what is missing, until nothing is. */
  async #write(call: Call): Promise<void> {
    const parts = [...call.parts.values()]
    const trial = this.#patience.trial('append')
    await this.#each(parts, (part) => this.#load(part))
    for (;;) {
      await this.#each(parts, (part) => this.#decide(part))
      if (parts.every(({ isThere }) => isThere)) return
      const { streams, failure, conflict } = await sendInOrder(this.#connection, runsOf(call))
      if (failure && !conflict) await trial.failed(failure)
      // Whoever was faster in one stream has probably been in others.
      const touched = conflict ? parts : parts.filter(({ name }) => streams.has(name))
      const before = touched.map(({ known }) => known.revision)
      await this.#each(touched, (part) => this.#look(part, streams.get(part.name)))
      if (touched.some(({ known }, i) => known.revision !== before[i])) trial.succeeded()
      else if (conflict || !failure) await trial.failed(new StillNotThere(touched))
    }
  }

  /**
   * Whether a part may be written.
   *
   * @throws {RevisionConflict}
   */
  async #decide(part: Part): Promise<void> {
    if (part.isVague) {
      this.#known.forget(part.name)
      await this.#load(part)
      part.current = true
    }
    if (part.expected === undefined || (part.events.length > 0 && part.isThere)) return
    const onlyAsked = part.events.length === 0
    if (!part.current && (onlyAsked || !part.isExpected)) await this.#look(part, undefined)
    if (part.isExpected) return
    const { revision } = part.known
    if (!part.isThere || onlyAsked)
      throw new RevisionConflict(part.stream, part.expected, revision < 0 ? 'none' : revision)
  }

  /** What is known of a stream; if that is nothing, all of it is read. */
  async #load(part: Part): Promise<void> {
    const known = this.#known.get(part.name)
    if (known) part.known = known
    else {
      part.known = this.#known.begin(part.name)
      await this.#catchUp(part)
      this.#known.keep(part.known)
    }
  }

  /** Reads what came to stand in a stream. */
  async #look(part: Part, answered: Answered | undefined): Promise<void> {
    if (answered)
      await this.#patience.retry('append', () => this.#tails.confirm(part.known, answered, this.#see(part)))
    else await this.#catchUp(part)
    part.current = true
    this.#known.keep(part.known)
  }

  #catchUp(part: Part): Promise<void> {
    return this.#slots.run(() =>
      this.#patience.retry('append', () => this.#tails.catchUp(part.known, this.#see(part))),
    )
  }

  #see(part: Part): (incoming: Incoming) => void {
    return (incoming) => part.saw(incoming, this.#format.writer)
  }

  /** Does something with each part; waits for all of them before it throws what one of them threw. */
  async #each(parts: readonly Part[], work: (part: Part) => Promise<void>): Promise<void> {
    const outcomes = await Promise.allSettled(parts.map(work))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }
}

/** The server says that appends were made, or that somebody was faster, but the streams do not show it yet. */
class StillNotThere extends MayPass {
  constructor(parts: readonly Part[]) {
    super(`the stream ${parts[0]?.name} does not show what was appended to it`)
  }
}

function placesOf({ parts, order }: Call): Appended {
  const places = new Map([...parts.values()].map((part) => [part, part.places().values()]))
  const events: Placed[] = []
  let position = 0
  for (const part of order) {
    const place = places.get(part)?.next().value
    if (!place) continue
    events.push(place)
    if (place.position > position) position = place.position
  }
  return { position, events }
}
