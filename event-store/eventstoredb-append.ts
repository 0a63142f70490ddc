import { isUuid } from '../domain/uuid.js'
import type { NewEvent } from '../domain/event.js'
import { InvalidEvent } from './errors.js'
import type { EventFormat, Outgoing } from './eventstoredb-events.js'
import { claimStream } from './eventstoredb-names.js'
import type { StreamAppends } from './eventstoredb-stream-appends.js'
import type { Appended, Expectation, ExpectedRevision, Placed } from './port.js'

/** What one call appends to one stream. */
interface Part {
  readonly stream: string
  readonly expected: ExpectedRevision | undefined
  readonly events: Outgoing[]
  /** Where they stand among the events of the call. */
  readonly indexes: number[]
}

/**
 * One call of the port: the server appends to one stream at a time, so it is cut into its streams, in the order in
 * which they are first named. They are written at the same time, but none without an expectation before those with one
 * that were named earlier are written: whoever fences a call by a stream of its own writes nothing once he is fenced.
 */
export async function appendToStreams(
  streams: StreamAppends,
  format: EventFormat,
  events: readonly NewEvent[],
  expect: readonly Expectation[],
): Promise<Appended> {
  const parts = partsOf(format, events, expect)
  await Promise.all(parts.map(({ stream }) => streams.prepare(stream)))
  const placed: Placed[] = []
  const writing: Promise<void>[] = []
  const guards: Promise<void>[] = []
  try {
    for (const part of parts) {
      if (part.expected === undefined) await Promise.all(guards.splice(0))
      const written = write(streams, part, placed)
      // It is waited for below; meanwhile its failure is not unheard of.
      written.catch(() => {})
      writing.push(written)
      if (part.expected !== undefined) guards.push(written)
    }
  } finally {
    await Promise.allSettled(writing)
  }
  await Promise.all(writing)
  let position = 0
  for (const place of placed) if (place.position > position) position = place.position
  return { position, events: placed }
}

async function write(streams: StreamAppends, part: Part, placed: Placed[]): Promise<void> {
  const { stream, events, expected, indexes } = part
  const places = await streams.append(stream, events, expected)
  for (const [i, place] of places.entries()) placed[indexes[i] ?? 0] = place
}

function partsOf(format: EventFormat, events: readonly NewEvent[], expect: readonly Expectation[]): Part[] {
  const expectations = new Map(expect.map(({ stream, revision }) => [stream, revision]))
  const parts = new Map<string, Part>()
  const partOf = (stream: string): Part => {
    const part = parts.get(stream) ?? { stream, expected: expectations.get(stream), events: [], indexes: [] }
    parts.set(stream, part)
    return part
  }
  // Streams that are only asked for come first, since nothing of theirs is written.
  const named = new Set(events.map(({ stream }) => stream))
  for (const stream of expectations.keys()) if (!named.has(stream)) partOf(stream)
  for (const [index, event] of events.entries()) {
    assertValid(event)
    const part = partOf(event.stream)
    part.events.push(format.toServer(event))
    part.indexes.push(index)
  }
  return [...parts.values()]
}

/** @throws {InvalidEvent} */
function assertValid({ id, stream }: NewEvent): void {
  if (!isUuid(id)) throw new InvalidEvent(`the event id ${JSON.stringify(id)} is not a UUID`)
  if (stream === '') throw new InvalidEvent(`event ${id} names no stream`)
  if (stream.startsWith('$') || stream === claimStream)
    throw new InvalidEvent(`event ${id} names the stream ${stream}, which is not for events of ours`)
}
