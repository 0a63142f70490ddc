import type { Arrival } from '../commands/intake.js'
import { recordRejected } from '../domain/dead-letter.js'
import type { NewEvent } from '../domain/event.js'
import { InvalidRecord } from '../domain/invalid-record.js'
import type { KindName } from './formats/kind-names.js'
import { kinds, type Kind } from './formats/kinds.js'
import type { Line, Text } from './formats/lines.js'

type SourcedEvent = NewEvent & { readonly metadata: { readonly source: string } }

/** A record as its source gave it: text, or a value that has been decoded already. */
export type SourceRecord = Text | DecodedRecord

export interface DecodedRecord {
  readonly value: unknown
  /** The bytes that it was decoded from. */
  readonly raw: Buffer
}

/** What a line of a file is to the log; undefined if it carries nothing for us. */
export function arrivalOf(kindName: KindName, line: Line, source: string): Arrival | undefined {
  return arrivalAt(kindName, line, `${source}#${line.number}`)
}

/**
 * What a record is to the log: the fact that it tells, or a dead letter that keeps all of its bytes. Undefined if it
 * carries nothing for us.
 *
 * @param coordinate where it stands in its source: `metadata.source` of its event
 */
export function arrivalAt(kindName: KindName, record: SourceRecord, coordinate: string): Arrival | undefined {
  const metadata = { source: coordinate }
  const raw = () => Buffer.from(record.raw)
  try {
    const event = factOf(kindName, record, metadata)
    return event && { event, kind: kindName, raw }
  } catch (error) {
    if (!(error instanceof InvalidRecord)) throw error
    const { code: reason, detail } = error
    const event = recordRejected({ kind: kindName, reason, detail, raw: raw() }, metadata) as SourcedEvent
    return { event, kind: kindName, raw }
  }
}

/**
 * The fact that a record tells; undefined if it carries nothing for us.
 *
 * @throws {InvalidRecord}
 */
export function factOf(
  kindName: KindName,
  record: SourceRecord,
  metadata: SourcedEvent['metadata'],
): SourcedEvent | undefined {
  const kind = kinds[kindName] as Kind<unknown>
  const parsed = 'value' in record ? kind.parse(record.value) : kind.parseLine(record)
  return kind.event(parsed, metadata) as SourcedEvent | undefined
}
