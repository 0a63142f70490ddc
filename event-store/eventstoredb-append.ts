import { isUuid } from '../domain/uuid.js'
import type { NewEvent } from '../domain/event.js'
import { InvalidEvent } from './errors.js'
import type { EventFormat, Outgoing } from './eventstoredb-events.js'
import { claimStream } from './eventstoredb-names.js'
import type { StreamAppends } from './eventstoredb-stream-appends.js'
import type { Appended, Expectation, ExpectedRevision, Placed } from './port.js'

/** Some events of a call that go to one stream at once. */
interface Part {
  readonly stream: string
  readonly expected: ExpectedRevision | undefined
  readonly events: Outgoing[]
  /** Where they stand among the events of the call. */
  readonly indexes: number[]
}

/**
 * One call of the port: the server appends to one stream at a time, so it is cut into parts. Events of a stream with an
 * expectation are one part, all or nothing. Of the others, those that follow each other are one; the parts are written
 * in rounds, each of which ends where a stream would come again, so that the log keeps the order of the call but for
 * parts of one round, which are written at the same time. (By whole streams, the last event of one would stand before the
 * first of the next, and what is early would look late.)
 *
 * Streams with an expectation are written first: whoever fences a call by a stream of its own writes nothing once he is
 * fenced.
 */
export async function appendToStreams(
  streams: StreamAppends,
  format: EventFormat,
  events: readonly NewEvent[],
  expect: readonly Expectation[],
): Promise<Appended> {
  const rounds = roundsOf(format, events, expect)
  const named = new Set(rounds.flat().map(({ stream }) => stream))
  await Promise.all([...named].map((stream) => streams.prepare(stream)))
  const placed: Placed[] = []
  for (const round of rounds) await writeAll(round.map((part) => write(streams, part, placed)))
  let position = 0
  for (const place of placed) if (place.position > position) position = place.position
  return { position, events: placed }
}

/** Waits for all of them, also when one has failed. */
async function writeAll(writing: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(writing)
  await Promise.all(writing)
}

async function write(streams: StreamAppends, part: Part, placed: Placed[]): Promise<void> {
  const { stream, events, expected, indexes } = part
  const places = await streams.append(stream, events, expected)
  for (const [i, place] of places.entries()) placed[indexes[i] ?? 0] = place
}

function roundsOf(
  format: EventFormat,
  events: readonly NewEvent[],
  expect: readonly Expectation[],
): readonly Part[][] {
  const rounds = new Rounds(expect)
  for (const [index, event] of events.entries()) {
    assertValid(event)
    const part = rounds.partFor(event.stream)
    part.events.push(format.toServer(event))
    part.indexes.push(index)
  }
  return rounds.rounds
}

/** Deals the events of a call out to rounds, the first of which is for streams with an expectation. */
class Rounds {
  readonly rounds: Part[][]
  readonly #expected: ReadonlyMap<string, Part>
  /** The parts of the last round, by stream. */
  #round = new Map<string, Part>()
  #current: Part | undefined

  constructor(expect: readonly Expectation[]) {
    const guards = expect.map(({ stream, revision }) => newPart(stream, revision))
    this.rounds = [guards, []]
    this.#expected = new Map(guards.map((part) => [part.stream, part]))
  }

  partFor(stream: string): Part {
    const guard = this.#expected.get(stream)
    if (guard) return guard
    if (this.#current?.stream === stream) return this.#current
    if (this.#round.has(stream)) {
      this.rounds.push([])
      this.#round = new Map()
    }
    const part = newPart(stream, undefined)
    this.#round.set(stream, part)
    this.rounds.at(-1)?.push(part)
    return (this.#current = part)
  }
}

function newPart(stream: string, expected: ExpectedRevision | undefined): Part {
  return { stream, expected, events: [], indexes: [] }
}

/** @throws {InvalidEvent} */
function assertValid({ id, stream }: NewEvent): void {
  if (!isUuid(id)) throw new InvalidEvent(`the event id ${JSON.stringify(id)} is not a UUID`)
  if (stream === '') throw new InvalidEvent(`event ${id} names no stream`)
  if (stream.startsWith('$') || stream === claimStream)
    throw new InvalidEvent(`event ${id} names the stream ${stream}, which is not for events of ours`)
}
