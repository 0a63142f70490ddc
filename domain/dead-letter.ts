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
  }
>
/** It was tried again, and failed again. */
export type RetryFailed = Event<'RetryFailed', { readonly reason: string; readonly detail: string }>
/** It was tried again, and used: it is a dead letter no more. */
export type RecordRecovered = Event<'RecordRecovered', { readonly position: number }>
/** Events of the streams `deadletter-<id>`. */
export type DeadLetterEvent = RecordRejected | RetryFailed | RecordRecovered

export interface Rejection {
  readonly kind: string
  readonly reason: string
  readonly detail: string
  readonly raw: Uint8Array
}

const deadLetterId = uuidV5Namespace('b0d4b8b4-3a57-5c41-9f67-5f9d2f1a5c3e')
const rejectionId = uuidV5Namespace('0d6c2b5e-5b0f-53b4-9a4b-6d1f7a2b8c90')

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
    data: { deadLetterId: id, kind, reason, detail, ...encode(raw) },
    metadata,
  }
}

/**
 * The same dead letter where that of another record has its place already: a Kafka topic that was made anew has other
 * records at the same offsets. Its coordinate is told apart by the record's bytes.
 */
export function atTheSameCoordinate({ data, metadata }: NewEvent<RecordRejected>): NewEvent<RecordRejected> {
  const mark = deadLetterId(data.raw).slice(0, 8)
  const source = `${metadata.source ?? ''}~${mark}`
  return recordRejected({ ...data, raw: rawBytes(data) }, { ...metadata, source })
}

/** The bytes of a dead letter as they came. */
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
