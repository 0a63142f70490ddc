import type { Event, Metadata, NewEvent } from './event.js'
import { MAX_RECORD_BYTES } from './record-size.js'
import { uuidV5Namespace } from './uuid.js'

/** A record that could not be used, whole: nothing vanishes. */
export type RecordRejected = Event<
  'RecordRejected',
  {
    readonly deadLetterId: string
    /** What it was meant to be: `data-records`, `agreements`, … */
    readonly kind: string
    /** A stable code, listed in docs/errors.md. */
    readonly reason: string
    readonly detail: string
    /** The record's bytes as they came: as text, or in base64 if they are not UTF-8 or too long as a string of JSON. */
    readonly raw: string
    readonly encoding: 'utf8' | 'base64'
    /** How many bytes were kept, where one event cannot hold them: `raw` is the beginning, {@link RawContinued} the rest. */
    readonly size?: number
  }
>
/** More of the bytes of a large record, in their order. */
export type RawContinued = Event<'RawContinued', Pick<RecordRejected['data'], 'raw' | 'encoding'>>
/** It was tried again, and failed again. */
export type RetryFailed = Event<'RetryFailed', { readonly reason: string; readonly detail: string }>
/** It was tried again, and used: it is a dead letter no more. */
export type RecordRecovered = Event<'RecordRecovered', { readonly position: number }>
/** Events of the streams `deadletter-<id>`. */
export type DeadLetterEvent = RecordRejected | RawContinued | RetryFailed | RecordRecovered

export interface Rejection {
  readonly kind: string
  readonly reason: string
  readonly detail: string
  readonly raw: Uint8Array
}

const deadLetterId = uuidV5Namespace('b0d4b8b4-3a57-5c41-9f67-5f9d2f1a5c3e')
const rejectionId = uuidV5Namespace('0d6c2b5e-5b0f-53b4-9a4b-6d1f7a2b8c90')
const continuationId = uuidV5Namespace('5d2e7a0b-9c1f-5b8e-8f43-2a6b0c7d9e11')

export function deadLetterStream(id: string): string {
  return `deadletter-${id}`
}

/**
 * The dead letter of a source record: its id follows from the record's coordinate, `metadata.source`, and from what it
 * was meant to be, since one file can be imported as two kinds.
 */
export function recordRejected(
  rejection: Rejection,
  metadata: Metadata & { source: string },
): NewEvent<RecordRejected> {
  const { kind, reason, detail, raw } = rejection
  const name = `${kind}/${metadata.source}`
  const id = deadLetterId(name)
  return {
    id: rejectionId(name),
    stream: deadLetterStream(id),
    type: 'RecordRejected',
    data: {
      deadLetterId: id,
      kind,
      reason,
      detail,
      ...encode(raw.subarray(0, partEnd(raw, 0))),
      ...(raw.length > MAX_RECORD_BYTES && { size: raw.length }),
    },
    metadata,
  }
}

/** What of a large record its dead letter does not hold. They belong into the same stream. */
export function rawContinued(
  { id, stream, data, metadata }: NewEvent<RecordRejected>,
  raw: () => Uint8Array,
): NewEvent<RawContinued>[] {
  if (data.size === undefined) return []
  const bytes = raw()
  const events: NewEvent<RawContinued>[] = []
  for (let from = partEnd(bytes, 0); from < bytes.length; from = partEnd(bytes, from)) {
    const part = encode(bytes.subarray(from, partEnd(bytes, from)))
    events.push({ id: continuationId(`${id}/${from}`), stream, type: 'RawContinued', data: part, metadata })
  }
  return events
}

/** Where the part that begins at `from` ends: between two characters, should the bytes be UTF-8. */
function partEnd(raw: Uint8Array, from: number): number {
  const end = from + MAX_RECORD_BYTES
  if (end >= raw.length) return raw.length
  for (let back = 0; back < 4; back++) if (((raw[end - back] ?? 0) & 0xc0) !== 0x80) return end - back
  return end
}

/**
 * The same dead letter where that of another record has its place already: a Kafka topic that was made anew has other
 * records at the same offsets. Its coordinate is told apart by the record's bytes.
 */
export function atTheSameCoordinate(
  { data, metadata }: NewEvent<RecordRejected>,
  raw: Uint8Array,
): NewEvent<RecordRejected> {
  const mark = deadLetterId(data.raw).slice(0, 8)
  const source = `${metadata.source ?? ''}~${mark}`
  return recordRejected({ ...data, raw }, { ...metadata, source })
}

/** The bytes that an event holds of a dead letter, as they came. */
export function rawBytes({ raw, encoding }: Pick<RecordRejected['data'], 'raw' | 'encoding'>): Buffer {
  return Buffer.from(raw, encoding)
}

function encode(raw: Uint8Array): Pick<RecordRejected['data'], 'raw' | 'encoding'> {
  const text = textOf(raw)
  if (text !== undefined && isShort(text)) return { raw: text, encoding: 'utf8' }
  return { raw: Buffer.from(raw).toString('base64'), encoding: 'base64' }
}

/** Undefined: it is not UTF-8. */
function textOf(raw: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw)
  } catch {
    return undefined
  }
}

/** In JSON, a control character takes six bytes: more than in base64. */
function isShort(text: string): boolean {
  return Buffer.byteLength(JSON.stringify(text)) <= (MAX_RECORD_BYTES * 4) / 3
}
