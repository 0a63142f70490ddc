import { ErrorType } from '@eventstore/db-client'
import { InvalidEvent, RevisionConflict } from './errors.js'
import type { Connection } from './eventstoredb-connection.js'
import { mostBytes, type Incoming, type Outgoing } from './eventstoredb-events.js'
import { isOfType, MayPass } from './eventstoredb-failures.js'
import type { KnownStream, KnownStreams, Place } from './eventstoredb-known.js'
import type { StreamNames } from './eventstoredb-names.js'
import type { Patience, Trial } from './eventstoredb-patience.js'
import type { Slots } from './eventstoredb-slots.js'
import type { Answered, Tails } from './eventstoredb-tails.js'
import { StreamTurns } from './eventstoredb-turns.js'
import type { ExpectedRevision, Placed } from './port.js'

export interface StreamAppendsOptions {
  readonly connection: Connection
  readonly names: StreamNames
  /** What our events are marked with. */
  readonly writer: string
  readonly tails: Tails
  readonly patience: Patience
  /** For reads of streams that nothing is known of. */
  readonly slots: Slots
  readonly known: KnownStreams
}

/**
 * Appends to single streams, exactly once whatever the server answers (docs/decisions/0006-exact-appends.md): what is
 * new is decided from the ids that the stream has, every append names the one revision at which that was so, and what
 * came of it is what the stream then holds.
 */
export class StreamAppends {
  readonly #connection: Connection
  readonly #names: StreamNames
  readonly #writer: string
  readonly #tails: Tails
  readonly #patience: Patience
  readonly #slots: Slots
  readonly #known: KnownStreams
  readonly #turns = new StreamTurns()

  constructor({ connection, names, writer, tails, patience, slots, known }: StreamAppendsOptions) {
    this.#connection = connection
    this.#names = names
    this.#writer = writer
    this.#tails = tails
    this.#patience = patience
    this.#slots = slots
    this.#known = known
  }

  /**
   * Makes sure that a stream can be appended to.
   *
   * @throws {LogUnusable} it is another application's
   */
  async prepare(stream: string): Promise<void> {
    const name = this.#names.inServer(stream)
    if (!this.#known.get(name)) await this.#turns.run(name, () => this.#load(name))
  }

  /**
   * Appends what is new of some events, in their order. Without an expectation they may take several appends if they
   * are large, each of them all or nothing.
   *
   * @throws {RevisionConflict} the stream is not at the expected revision
   * @throws {InvalidEvent} they are too large for one append, and an expectation demands one
   */
  append(stream: string, events: readonly Outgoing[], expected?: ExpectedRevision): Promise<Placed[]> {
    const name = this.#names.inServer(stream)
    return this.#turns.run(name, async () => {
      try {
        return await this.#known.using(name, () => this.#append(name, stream, events, expected))
      } catch (error) {
        // What was sent may still arrive.
        if (!(error instanceof RevisionConflict)) this.#known.forget(name)
        throw error
      }
    })
  }

  async #append(
    name: string,
    stream: string,
    events: readonly Outgoing[],
    expected: ExpectedRevision | undefined,
  ): Promise<Placed[]> {
    const trial = this.#patience.trial('append')
    const ids = new Set(events.map(({ event }) => event.id))
    /** Those that this call has brought into the stream. */
    const own = new Set<string>()
    const see = ({ event, writer }: Incoming) => {
      if (writer === this.#writer && ids.has(event.id)) own.add(event.id)
    }
    let known = await this.#load(name)
    /** Whether the stream was looked at since this call began. */
    let current = false
    for (;;) {
      const fresh = freshOf(known, events)
      if (fresh === 'perhaps') {
        this.#known.forget(name)
        known = await this.#load(name)
        current = true
        continue
      }
      if (fresh.length === 0 && events.length > 0) return placesOf(known, events, own)
      if (expected !== undefined && (known.revision !== revisionOf(expected) || events.length === 0)) {
        if (current) return conflictUnless(known, stream, expected)
        await this.#patience.retry('append', () => this.#tails.catchUp(known))
      } else {
        await this.#tryOnce(known, chunkOf(stream, fresh, expected), see, trial)
      }
      current = true
      this.#known.keep(known)
    }
  }

  /** Sends one append, and looks what came of it. */
  async #tryOnce(
    known: KnownStream,
    chunk: readonly Outgoing[],
    see: (incoming: Incoming) => void,
    trial: Trial,
  ): Promise<void> {
    const { revision } = known
    const answer = await this.#send(known, chunk).catch((error: unknown) => ({ error }))
    const conflict = 'error' in answer && isConflict(answer.error)
    if ('error' in answer && !conflict) await trial.failed(answer.error)
    await this.#patience.retry('append', () =>
      'error' in answer ? this.#tails.catchUp(known, see) : this.#tails.confirm(known, answer, see),
    )
    if (known.revision > revision) trial.succeeded()
    else if (conflict || !('error' in answer)) await trial.failed(new StillNotThere(known.name))
  }

  async #send({ name, revision }: KnownStream, chunk: readonly Outgoing[]): Promise<Answered> {
    const events = chunk.map(({ event }) => event)
    const { nextExpectedRevision, position } = await this.#connection.append(name, events, revision)
    return { revision: Number(nextExpectedRevision), position: Number(position?.commit ?? 0) }
  }

  /** What is known of a stream; if that is nothing, all of it is read. */
  async #load(name: string): Promise<KnownStream> {
    const known = this.#known.get(name)
    if (known) return known
    const read = this.#known.begin(name)
    await this.#slots.run(() => this.#patience.retry('append', () => this.#tails.catchUp(read)))
    this.#known.keep(read)
    return read
  }
}

/** The server says that an append was made, or that somebody was faster, but the stream does not show it yet. */
class StillNotThere extends MayPass {
  constructor(name: string) {
    super(`the stream ${name} does not show what was appended to it`)
  }
}

/** The events whose ids a stream does not have, each once. `'perhaps'`: that cannot be said without reading it. */
function freshOf(known: KnownStream, events: readonly Outgoing[]): Outgoing[] | 'perhaps' {
  const fresh = new Map<string, Outgoing>()
  for (const outgoing of events) {
    const { id } = outgoing.event
    const place = known.find(id)
    if (place === 'perhaps') return 'perhaps'
    if (place === undefined && !fresh.has(id)) fresh.set(id, outgoing)
  }
  return [...fresh.values()]
}

/** Where events stand that a stream has. Those that this call brought are new where they are first named. */
function placesOf(known: KnownStream, events: readonly Outgoing[], own: ReadonlySet<string>): Placed[] {
  const named = new Set<string>()
  return events.map(({ event: { id } }) => {
    const { revision, position } = known.find(id) as Place
    const duplicate = !own.has(id) || named.has(id)
    named.add(id)
    return { revision, position, duplicate }
  })
}

function revisionOf(expected: ExpectedRevision): number {
  return expected === 'none' ? -1 : expected
}

/** A stream that nothing is appended to: only its revision was asked for. */
function conflictUnless({ revision }: KnownStream, stream: string, expected: ExpectedRevision): [] {
  if (revision === revisionOf(expected)) return []
  throw new RevisionConflict(stream, expected, revision < 0 ? 'none' : revision)
}

/** As many events as the server takes at once. */
function chunkOf(
  stream: string,
  events: readonly Outgoing[],
  expected: ExpectedRevision | undefined,
): readonly Outgoing[] {
  let bytes = 0
  const end = events.findIndex(({ size }) => (bytes += size) > mostBytes)
  if (end < 0) return events
  if (expected === undefined) return events.slice(0, end)
  throw new InvalidEvent(
    `the events for stream ${stream} have more than the ${mostBytes} bytes that EventStoreDB takes at once, ` +
      'and an expected revision asks for all of them or none: append fewer at a time',
  )
}

function isConflict(error: unknown): boolean {
  return isOfType(error, ErrorType.WRONG_EXPECTED_VERSION)
}
