import { agreementSigned, parseAgreement, type Agreement } from '../../domain/agreement.js'
import { billableEventRecorded, parseBillableEvent, type BillableEvent } from '../../domain/billable-event.js'
import { dataRecorded, parseDataRecord, type DataRecord } from '../../domain/data-record.js'
import type { Metadata, NewEvent } from '../../domain/event.js'
import { faultCodes } from '../../domain/fault.js'
import { InvalidRecord, refused } from '../../domain/invalid-record.js'
import { parseBillableEventLine } from './billable-event-csv.js'
import { parseDataRecordLine } from './data-record-csv.js'
import type { Text } from './lines.js'
import { parseJsonLine } from './ndjson.js'

/**
 * The kinds of records that can be imported, by their names on the command line: how a line of a file becomes a
 * record, how a JSON value does, and which Kafka topic brings them. Both throw {@link InvalidRecord}.
 */
export const kinds = {
  agreements: kind<Agreement>({ topic: 'agreements', parse: parseAgreement, event: agreementSigned }),
  'data-records': kind<DataRecord>({
    topic: 'incoming-data-records',
    parse: parseDataRecord,
    parseText: parseDataRecordLine,
    event: dataRecorded,
  }),
  'billable-events': kind<BillableEvent>({
    topic: 'billableevents.incoming',
    parse: parseBillableEvent,
    parseText: parseBillableEventLine,
    event: billableEventRecorded,
  }),
}

export type KindName = keyof typeof kinds
/** What a kind's lines become. */
export type RecordOf<Name extends KindName> = ReturnType<(typeof kinds)[Name]['parse']>

/** One kind of records. */
export interface Kind<Record> {
  /** The Kafka topic that brings such records, unless it is configured to have another name. */
  readonly topic: string
  /**
   * A record from a line of a file, or from a message: JSON, or the kind's own format if it has one.
   *
   * @throws {InvalidRecord}
   */
  readonly parseLine: (line: Text) => Record
  /**
   * A record from a JSON value, as it comes over HTTP or was decoded from Avro.
   *
   * @throws {InvalidRecord}
   */
  readonly parse: (value: unknown) => Record
  /** The fact that a record is. */
  event(record: Record, metadata: SourceMetadata): NewEvent
}

/** With the coordinate of the record, which may be all that tells it from others. */
export type SourceMetadata = Metadata & { readonly source: string }

export function isKindName(name: string): name is KindName {
  return Object.hasOwn(kinds, name)
}

interface Parsers<Record> {
  readonly topic: string
  readonly parse: (value: unknown) => Record
  readonly event: (record: Record, metadata: SourceMetadata) => NewEvent
  /** For lines that are not JSON. */
  readonly parseText?: (line: string) => Record
}

function kind<Record>({ topic, parse, parseText, event }: Parsers<Record>): Kind<Record> {
  return {
    topic,
    parse,
    event,
    parseLine: (line) => {
      if (line.fault) throw new InvalidRecord([line.fault])
      if (!parseText || startsLikeJson(line.text)) return parse(parseJsonLine(line.text))
      // A number cut short is a number still. (Half a JSON object is none, so JSON needs no such care.)
      if (!line.terminated)
        throw refused('incomplete-line', `the line is refused: ${faultCodes['incomplete-line']}`)
      return parseText(line.text)
    },
  }
}

/** White space may stand before a JSON value. */
function startsLikeJson(text: string): boolean {
  const first = text.charCodeAt(0)
  return first === OPENING_BRACE || (first <= SPACE && text.trimStart().startsWith('{'))
}

const OPENING_BRACE = 123
const SPACE = 32
