import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { takeIn, type EventStore } from '../commands/intake.js'
import {
  deadLetterStream,
  rawBytes,
  type DeadLetterEvent,
  type RecordRejected,
} from '../domain/dead-letter.js'
import type { NewEvent, RecordedEvent } from '../domain/event.js'
import { InvalidRecord, refused } from '../domain/invalid-record.js'
import { factOf, type SourceRecord } from './arrivals.js'
import { isKindName, kindNames } from './formats/kind-names.js'
import { avroDecoder, type AvroDecoder } from './kafka/avro.js'
import { recordOfValue } from './kafka/message.js'

/** There is no dead letter of this id. */
export class UnknownDeadLetter extends Error {
  readonly code = 'unknown-dead-letter'
}

/** The dead letter was recovered before: it is one no more. */
export class AlreadyRecovered extends Error {
  readonly code = 'already-recovered'
}

/** What came of a retry. */
export interface RetryOutcome {
  readonly id: string
  readonly recovered: boolean
  /** Wait for it to read what came of it. */
  readonly position: number
  /** Why it failed again: a code of docs/errors.md, and a sentence. */
  readonly reason?: string
  readonly detail?: string
}

/** The dead letter could not be used this time either. */
interface Refusal {
  readonly reason: string
  readonly detail: string
}

/**
 * Tries a dead letter again, as it is: its bytes are read anew, as the record of the source that brought it. That it
 * was recovered, or why not, becomes a fact in its stream. An operator who retries a last line without a line feed
 * says that it is complete.
 *
 * @param avro for records in Avro that came from Kafka
 * @throws {UnknownDeadLetter}
 * @throws {AlreadyRecovered}
 * @throws {SchemaRegistryUnavailable}
 * @throws {RevisionConflict} somebody else retries it at this moment
 */
export async function retryDeadLetter(
  eventStore: EventStore,
  id: string,
  avro: AvroDecoder = avroDecoder(undefined),
): Promise<RetryOutcome> {
  const { rejected, last } = await load(eventStore, id)
  const taken = await takeAgain(eventStore, rejected, avro)
  const refusal = typeof taken === 'number' ? undefined : taken
  const event: NewEvent<DeadLetterEvent> = {
    id: randomUUID(),
    stream: deadLetterStream(id),
    ...(typeof taken === 'number'
      ? { type: 'RecordRecovered', data: { position: taken } }
      : { type: 'RetryFailed', data: taken }),
    metadata: { causationId: rejected.id },
  }
  const expect = [{ stream: deadLetterStream(id), revision: last.revision }]
  const { position } = await eventStore.append([event], expect)
  return { id, recovered: !refusal, position, ...refusal }
}

async function load(eventStore: EventStore, id: string) {
  const stream = deadLetterStream(id)
  const [rejected] = await eventStore.readStream(stream, { limit: 1 })
  const [last] = await eventStore.readStream(stream, { direction: 'backward', limit: 1 })
  if (!rejected || !last) throw new UnknownDeadLetter(`there is no dead letter ${id}`)
  if (last.type === 'RecordRecovered')
    throw new AlreadyRecovered(`dead letter ${id} has been recovered already`)
  return { rejected: rejected as RecordedEvent<RecordRejected>, last }
}

/** Takes the record in: the position at which it stands in the log, or why it does not. */
async function takeAgain(
  eventStore: EventStore,
  { data, metadata }: RecordedEvent<RecordRejected>,
  avro: AvroDecoder,
): Promise<number | Refusal> {
  const { kind } = data
  const { source = '' } = metadata
  if (!isKindName(kind)) {
    const known = kindNames.join(', ')
    return {
      reason: 'unknown-kind',
      detail: `this version knows no records of the kind ${kind}, only ${known}`,
    }
  }
  try {
    const record = await recordAgain(data, source, avro)
    const event = factOf(kind, record, { source })
    // It turns out to carry nothing for us: there is nothing to wait for.
    if (!event) return 0
    const { position, rejected } = await takeIn(eventStore, [{ event, kind, raw: () => record.raw }])
    const [refusal] = rejected
    return refusal ? { reason: refusal.code, detail: refusal.detail } : position
  } catch (error) {
    if (!(error instanceof InvalidRecord)) throw error
    return { reason: error.code, detail: error.detail }
  }
}

/**
 * The record that the dead letter was. One that came over HTTP may contain line feeds: it is one value all the same.
 *
 * @throws {InvalidRecord} its bytes are no text, or not all of them were kept
 * @throws {SchemaRegistryUnavailable}
 */
async function recordAgain(
  data: RecordRejected['data'],
  source: string,
  avro: AvroDecoder,
): Promise<SourceRecord> {
  const raw = rawBytes(data)
  const { reason } = data
  if (reason === 'record-too-large' || reason === 'missing-value') throw refused(reason)
  if (source.startsWith('kafka:')) return recordOfValue(raw, avro)
  if (!isUtf8(raw)) throw refused('invalid-utf8')
  const number = Number(source.slice(source.lastIndexOf('#') + 1))
  const start = number === 1 && raw.indexOf(byteOrderMark) === 0 ? byteOrderMark.length : 0
  return { text: raw.toString('utf8', start), fault: undefined, terminated: true, raw }
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])
