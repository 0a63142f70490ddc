import type { NewEvent } from '../../domain/event.js'
import { InvalidEvent } from '../errors.js'
import { assertValid } from '../valid-event.js'
import { mostBytes, type EventFormat, type Incoming, type Outgoing } from './events.js'
import type { KnownStream, Place } from './known.js'
import { claimStream } from './names.js'
import type { Run } from './pipeline.js'
import type { Expectation, ExpectedRevision, Placed } from '../port.js'

/** What one call appends to one stream. */
export class Part {
  readonly stream: string
  /** In the server. */
  readonly name: string
  readonly expected: ExpectedRevision | undefined
  readonly events: Outgoing[] = []
  /** What is known of the stream. */
  known: KnownStream
  /** Whether the stream was looked at since the call began. */
  current = false
  /** The ids that this call has sent, and those of them that have come to stand in the stream by it. */
  readonly #sent = new Set<string>()
  readonly #own = new Set<string>()

  constructor(stream: string, known: KnownStream, expected: ExpectedRevision | undefined) {
    this.stream = stream
    this.name = known.name
    this.known = known
    this.expected = expected
  }

  /** An event is on its way. */
  sends(id: string): void {
    this.#sent.add(id)
  }

  /** Is shown what comes to stand in the stream. What was sent may have been brought by another writer. */
  saw({ event, writer }: Incoming, us: string): void {
    if (writer === us && this.#sent.has(event.id)) this.#own.add(event.id)
  }

  /** Whether the stream must be read to know which events it has. */
  get isVague(): boolean {
    return this.events.some(({ event }) => this.known.find(event.id) === 'perhaps')
  }

  /** Whether the stream has all the events. */
  get isThere(): boolean {
    return this.events.every(({ event }) => this.known.find(event.id) !== undefined)
  }

  /** Whether the stream is where it is expected to be. */
  get isExpected(): boolean {
    return (
      this.expected === undefined || this.known.revision === (this.expected === 'none' ? -1 : this.expected)
    )
  }

  /** Where the events stand, when the stream has them all. What this call brought is new where it is first named. */
  places(): Placed[] {
    const named = new Set<string>()
    return this.events.map(({ event: { id } }) => {
      const { revision, position } = this.known.find(id) as Place
      const duplicate = !this.#own.has(id) || named.has(id)
      named.add(id)
      return { revision, position, duplicate }
    })
  }
}

/** One call, cut into its streams. */
export interface Call {
  readonly parts: ReadonlyMap<string, Part>
  /** The part of each event, in the order of the call. */
  readonly order: readonly Part[]
}

/** @throws {InvalidEvent} */
export function cutIntoParts(
  events: readonly NewEvent[],
  expect: readonly Expectation[],
  format: EventFormat,
  begin: (stream: string) => KnownStream,
): Call {
  const expectations = new Map(expect.map(({ stream, revision }) => [stream, revision]))
  const parts = new Map<string, Part>()
  const partOf = (stream: string): Part => {
    const part = parts.get(stream) ?? new Part(stream, begin(stream), expectations.get(stream))
    parts.set(stream, part)
    return part
  }
  const order = events.map((event) => {
    assertValid(event)
    assertAllowed(event)
    const part = partOf(event.stream)
    part.events.push(format.toServer(event))
    return part
  })
  // Streams that are only asked for.
  for (const stream of expectations.keys()) partOf(stream)
  return { parts, order }
}

/**
 * The appends that bring what is missing, in the order of the call. A stream with an expectation takes its events in
 * one append, where the first of them stands; any other takes those together that follow one another.
 *
 * @throws {InvalidEvent} there is more for a stream with an expectation than the server takes at once
 */
export function* runsOf({ parts, order }: Call): Iterable<Run> {
  const places = new Map([...parts.values()].map((part) => [part, new Missing(part)]))
  let run: { part: Part; revision: number; events: Outgoing[] } | undefined
  let bytes = 0
  for (const part of order) {
    const missing = places.get(part)
    if (part.expected !== undefined) {
      const events = missing?.all() ?? []
      if (events.length === 0) continue
      if (run) yield { ...run, name: run.part.name }
      run = undefined
      yield { name: part.name, revision: part.known.revision, events, guard: true }
      continue
    }
    const outgoing = missing?.next()
    if (!missing || !outgoing) continue
    bytes += outgoing.size
    if (run?.part !== part || bytes > mostBytes) {
      if (run) yield { ...run, name: run.part.name }
      run = { part, revision: missing.revision, events: [] }
      bytes = outgoing.size
    }
    run.events.push(outgoing)
    missing.revision++
  }
  if (run) yield { ...run, name: run.part.name }
}

/** The events of a part that its stream does not have, each once. */
class Missing {
  readonly #part: Part
  readonly #taken = new Set<string>()
  #at = 0
  /** Of the stream, with what was taken. */
  revision: number

  constructor(part: Part) {
    this.#part = part
    this.revision = part.known.revision
  }

  /** The event that stands next in the call; undefined if it is not missing. */
  next(): Outgoing | undefined {
    const outgoing = this.#part.events[this.#at++]
    if (!outgoing) return undefined
    const { id } = outgoing.event
    if (this.#taken.has(id) || this.#part.known.find(id) !== undefined) return undefined
    this.#taken.add(id)
    this.#part.sends(id)
    return outgoing
  }

  /** All that are left. */
  all(): Outgoing[] {
    const all: Outgoing[] = []
    let bytes = 0
    while (this.#at < this.#part.events.length) {
      const outgoing = this.next()
      if (!outgoing) continue
      bytes += outgoing.size
      all.push(outgoing)
    }
    if (bytes <= mostBytes) return all
    throw new InvalidEvent(
      `the events for stream ${this.#part.stream} have ${bytes} bytes, more than the ${mostBytes} that EventStoreDB ` +
        'takes at once, and an expected revision asks for all of them or none: append fewer at a time',
    )
  }
}

/** @throws {InvalidEvent} */
function assertAllowed({ id, stream }: NewEvent): void {
  if (stream.startsWith('$') || stream === claimStream)
    throw new InvalidEvent(`event ${id} names the stream ${stream}, which is not for events of ours`)
}
