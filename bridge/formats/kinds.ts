import { parseAgreement } from '../../domain/agreement-input.js'
import { agreementSigned, type Agreement } from '../../domain/agreement.js'
import { billableDecimals, parseBillableEvent } from '../../domain/billable-event-input.js'
import { billableEventRecorded, type BillableEvent } from '../../domain/billable-event.js'
import { parseDataRecord } from '../../domain/data-record-input.js'
import { dataRecorded, type DataRecord } from '../../domain/data-record.js'
import type { Event, Metadata, NewEvent } from '../../domain/event.js'
import { faultCodes } from '../../domain/fault.js'
import { InvalidRecord, refused } from '../../domain/invalid-record.js'
import { moneyClockAdvanced, timeOnly, type MoneyClockAdvanced } from '../../domain/money-clock.js'
import { parseWalletEvent, walletDecimals } from '../../domain/money-input.js'
import { moneyRecorded } from '../../domain/money.js'
import { parseSessionEvent } from '../../domain/session-input.js'
import { sessionChanged } from '../../domain/session.js'
import { parseUserEvent } from '../../domain/user-info-input.js'
import { userChanged } from '../../domain/user-info.js'
import { parseBillableEventLine } from './billable-event-csv.js'
import { parseDataRecordLine } from './data-record-csv.js'
import { withExactNumbers, type ExactFields } from './exact-numbers.js'
import type { KindName } from './kind-names.js'
import type { Text } from './lines.js'
import { parseJsonLine } from './ndjson.js'
import { assertNesting } from './nesting.js'

/**
 * The kinds of records that can be imported: how a line of a file becomes a record, and how a JSON value does. Both
 * throw {@link InvalidRecord}.
 */
export const kinds = {
  agreements: kind<Agreement>({
    parse: parseAgreement,
    event: agreementSigned,
    exact: { integers: ['maxBytesInBillingPeriod'] },
  }),
  'data-records': kind<DataRecord>({
    parse: parseDataRecord,
    parseText: parseDataRecordLine,
    event: dataRecorded,
    exact: { integers: ['recordedBytes'] },
  }),
  'billable-events': kind<BillableEvent>({
    parse: parseBillableEvent,
    parseText: parseBillableEventLine,
    // The last field is one of few words, and none of them is the beginning of another.
    endsItself: true,
    knownByPlace: true,
    event: billableEventRecorded,
    exact: { decimals: billableDecimals, integers: ['timestampMs'] },
  }),
  'wallet-events': kind({
    parse: orTime(parseWalletEvent),
    event: orClock(moneyRecorded),
    exact: { decimals: walletDecimals },
  }),
  'user-events': kind({
    parse: orTime(parseUserEvent),
    event: orClock(userChanged),
    exact: { integers: ['birthYear'] },
  }),
  'session-events': kind({
    parse: orTime(parseSessionEvent),
    event: orClock(sessionChanged),
  }),
} satisfies Record<KindName, Kind<unknown>>

/** One kind of records. */
export interface Kind<Record> {
  /**
   * A record from a line of a file, or from a message: JSON, or the kind's own format if it has one.
   *
   * @throws {InvalidRecord}
   */
  readonly parseLine: (line: Text) => Record
  /**
   * A record from a JSON value, as it comes over HTTP or was decoded from Avro.
   *
   * @param text that the value was read from, where it is at hand: it has the digits that a double loses
   * @throws {InvalidRecord}
   */
  readonly parse: (value: unknown, text?: () => string) => Record
  /** Has a record no identity but where it stands in its source? */
  readonly knownByPlace: boolean
  /** The fact that a record is, if only that its time has come; undefined if it carries nothing for us at all. */
  event(record: Record, metadata: SourceMetadata): NewEvent | undefined
}

/** With the coordinate of the record, which may be all that tells it from others. */
export type SourceMetadata = Metadata & { readonly source: string }

interface Parsers<Record> {
  readonly parse: (value: unknown) => Record
  readonly event: (record: Record, metadata: SourceMetadata) => NewEvent | undefined
  /** For lines that are not JSON. */
  readonly parseText?: (line: string) => Record
  /** Is such a line known to be whole once it is a record, also if nothing terminates it? */
  readonly endsItself?: boolean
  readonly knownByPlace?: boolean
  /** Fields whose JSON numbers count by the digits of their literals. */
  readonly exact?: ExactFields
}

function kind<Record>(parsers: Parsers<Record>): Kind<Record> {
  const { parse, parseText, endsItself, knownByPlace = false, event, exact } = parsers
  const parseValue: Kind<Record>['parse'] = (value, text) => {
    assertNesting(value)
    return parse(exact && text ? withExactNumbers(value, text, exact) : value)
  }
  return {
    parse: parseValue,
    knownByPlace,
    event,
    parseLine: (line) => {
      if (line.fault) throw new InvalidRecord([line.fault])
      const json = !parseText || startsLikeJson(line.text)
      if (json) return parseValue(parseJsonLine(line.text), () => line.text)
      // A number cut short is a number still. (Half a JSON object is none, so JSON needs no such care.)
      if (!line.terminated && !endsItself)
        throw refused('incomplete-line', `the line is refused: ${faultCodes['incomplete-line']}`)
      return parseText(line.text)
    },
  }
}

/** A record of a mixed source: of a type that carries nothing for us, only its time is taken. */
function orTime<Record>(parse: (value: unknown) => Record | undefined) {
  return (value: unknown): Record | MoneyClockAdvanced | undefined => parse(value) ?? timeOnly(value)
}

function orClock<Record extends Event>(event: (record: Record, metadata: Metadata) => NewEvent) {
  return (record: Record | MoneyClockAdvanced | undefined, metadata: Metadata): NewEvent | undefined => {
    if (record === undefined) return undefined
    return isTime(record) ? moneyClockAdvanced(record, metadata) : event(record, metadata)
  }
}

function isTime(record: Event): record is MoneyClockAdvanced {
  return record.type === 'MoneyClockAdvanced'
}

/** White space may stand before a JSON value. */
function startsLikeJson(text: string): boolean {
  const first = text.charCodeAt(0)
  return first === OPENING_BRACE || (first <= SPACE && text.trimStart().startsWith('{'))
}

const OPENING_BRACE = 123
const SPACE = 32
