import { jsonEvent, type JSONEventData, type RecordedEvent as ServerEvent } from '@eventstore/db-client'
import type { Metadata, NewEvent, RecordedEvent } from '../../domain/event.js'
import { InvalidEvent, LogUnusable } from '../errors.js'
import type { StreamNames } from './names.js'

/** The server takes 1 MiB at once; it counts a little more than we do. */
export const mostBytes = 1024 * 1024 - 16 * 1024

/** What every event of ours carries in its metadata, beside the metadata that the port knows. */
interface Mark {
  readonly version: 1
  /** Who wrote it: one opened store. It tells our own append from the same one made by somebody else. */
  readonly writer: string
  readonly namespace?: string
  /** Copied from another log, which took it then: milliseconds since 1970. */
  readonly recordedTime?: number
}

/** Metadata in the server: `$correlationId` and `$causationId` are what its UI and its projections go by. */
type ServerMetadata = Omit<Metadata, 'correlationId' | 'causationId'> & {
  readonly $correlationId?: string
  readonly $causationId?: string
  readonly tidemark: Mark
}

const renamed = { correlationId: '$correlationId', causationId: '$causationId' } as const
const restored = { $correlationId: 'correlationId', $causationId: 'causationId' } as const

/** An event as it is sent, and its size as the server counts it. */
export interface Outgoing {
  readonly event: JSONEventData
  /** Bytes. */
  readonly size: number
}

/** An event of ours as it came back. */
export interface Incoming {
  readonly event: RecordedEvent
  readonly writer: string
}

/** How the events of one opened store are written to the server, and read from it. */
export class EventFormat {
  readonly #names: StreamNames
  readonly writer: string

  constructor(names: StreamNames, writer: string) {
    this.#names = names
    this.writer = writer
  }

  /**
   * @param recordedTime when another log took it, if it comes from there
   * @throws {InvalidEvent} it is larger than what the server takes
   */
  toServer({ id, type, data, metadata }: NewEvent, recordedTime?: number): Outgoing {
    const { namespace } = this.#names
    const tidemark: Mark = {
      version: 1,
      writer: this.writer,
      ...(namespace === undefined ? {} : { namespace }),
      ...(recordedTime === undefined ? {} : { recordedTime }),
    }
    const written: ServerMetadata = { ...rename(metadata, renamed), tidemark }
    const size =
      Buffer.byteLength(JSON.stringify(data)) +
      Buffer.byteLength(JSON.stringify(written)) +
      2 * Buffer.byteLength(type)
    if (size > mostBytes)
      throw new InvalidEvent(`event ${id} has ${size} bytes, and EventStoreDB takes ${mostBytes} at most`)
    // The server answers ids in lower case, so that is how they are compared.
    const sent = { id: id.toLowerCase(), type, data: data as Record<string, unknown>, metadata: written }
    return { event: jsonEvent(sent), size }
  }

  /** Undefined: an event of the server, of another application, or of another namespace. */
  fromServer(sent: ServerEvent): Incoming | undefined {
    const stream = this.#names.fromServer(sent.streamId)
    if (stream === undefined || !sent.isJson) return undefined
    const { tidemark, ...rest } = (sent.metadata ?? {}) as Partial<ServerMetadata>
    if (tidemark?.version !== 1 || tidemark.namespace !== this.#names.namespace) return undefined
    const { id, type, data, revision, created } = sent
    const event: RecordedEvent = {
      id,
      stream,
      type,
      data: data as object,
      metadata: rename(rest, restored),
      revision: Number(revision),
      position: positionOf(sent),
      recordedTime: tidemark.recordedTime ?? created.getTime(),
    }
    return { event, writer: tidemark.writer }
  }
}

/** Where an event stands in the log of the server. */
export function positionOf({ position }: Pick<ServerEvent, 'position'>): number {
  const commit = Number(position?.commit)
  if (Number.isSafeInteger(commit)) return commit
  throw new LogUnusable(
    'the server says no position that can be used: it takes EventStoreDB 23.10 or newer, and less than 8 PiB',
  )
}

/** A place in the log of the server. */
export function placeAt(position: number): { commit: bigint; prepare: bigint } {
  return { commit: BigInt(position), prepare: BigInt(position) }
}

/** In a plain loop: it runs for every event that is read. */
function rename(metadata: object, names: Readonly<Record<string, string>>): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(metadata)) result[names[key] ?? key] = value
  return result
}
