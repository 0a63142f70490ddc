import fc from 'fast-check'
import t from 'tap'
import { parseDataRecordLine } from '../../bridge/formats/data-record-csv.js'
import { isKindName } from '../../bridge/formats/kind-names.js'
import { kinds, type Kind } from '../../bridge/formats/kinds.js'
import { LineSplitter, type Line } from '../../bridge/formats/lines.js'
import { parseJsonLine } from '../../bridge/formats/ndjson.js'
import { parseDataRecord } from '../../domain/data-record-input.js'
import { InvalidRecord } from '../../domain/invalid-record.js'
import { formatTimestamp } from '../../domain/timestamp.js'

const csv = '523d8cc7-e611-3508-90bc-fab260b2973e;2020-01-11T00:00+01:00[Europe/Warsaw];48917846822;362570622'
const json = JSON.stringify({
  id: '523d8cc7-e611-3508-90bc-fab260b2973e',
  recordedAt: '2020-01-11T00:00+01:00[Europe/Warsaw]',
  msisdn: '48917846822',
  recordedBytes: 362570622,
})
const record = {
  externalRecordId: '523d8cc7-e611-3508-90bc-fab260b2973e',
  msisdn: '48917846822',
  recordedAt: Date.UTC(2020, 0, 10, 23),
  recordedBytes: 362570622,
}

/** `path code` of each fault. */
function faults(parse: () => unknown): string[] {
  try {
    parse()
    return []
  } catch (error) {
    if (error instanceof InvalidRecord) return error.faults.map(({ path, code }) => `${path} ${code}`)
    throw error
  }
}

/** The only line of a file. */
function line(text: string | Buffer): Line {
  const splitter = new LineSplitter()
  const [line] = [...splitter.push(Buffer.from(text)), ...splitter.end()]
  if (!line) throw new Error('no line')
  return line
}
type LineParser = Pick<Kind<unknown>, 'parseLine'>
const parsing = (kind: LineParser, text: string | Buffer) => () => kind.parseLine(line(text))

void t.test('reads a data record from its fields', async (t) => {
  t.same(parseDataRecordLine(csv), record)
  t.equal(parseDataRecordLine('a b;2020-01-02T00:00Z;1;0').externalRecordId, 'a b')
})

void t.test('reads bytes as plain decimal digits', async (t) => {
  const bytes = (text: string) => parseDataRecordLine(`id;2020-01-02T00:00Z;1;${text}`).recordedBytes
  t.equal(bytes('0'), 0)
  t.equal(bytes('007'), 7, 'exporters of fixed-width columns write leading zeros')
  t.equal(bytes(`${'0'.repeat(50)}1`), 1)
  t.equal(bytes('9007199254740991'), 2 ** 53 - 1)
  for (const text of [
    '',
    '-0',
    '+5',
    '-1',
    '1.0',
    '1e3',
    '0x10',
    ' 1',
    '1 ',
    '1,000',
    '٣',
    'NaN',
    'Infinity',
  ]) {
    t.same(
      faults(() => bytes(text)),
      ['/recordedBytes invalid-bytes'],
      text,
    )
  }
  for (const text of ['9007199254740992', '9007199254740993', '9'.repeat(400)]) {
    t.same(
      faults(() => bytes(text)),
      ['/recordedBytes invalid-bytes'],
      text,
    )
  }
})

void t.test('refuses lines with too few or too many fields', async (t) => {
  for (const text of [
    'nonsense',
    'a;b',
    'a;2020-01-02T00:00Z;1',
    `${csv};`,
    `${csv};x`,
    ';;;;',
    ';'.repeat(1000),
  ]) {
    t.same(
      faults(() => parseDataRecordLine(text)),
      [' wrong-field-count'],
      text,
    )
  }
  t.throws(() => parseDataRecordLine('a;b'), /has 2 fields, not the 4 of id;recordedAt;msisdn;recordedBytes/)
})

void t.test('names the path of every fault of a line', async (t) => {
  t.same(faults(() => parseDataRecordLine(';;;')).sort(), [
    '/id invalid-id',
    '/msisdn invalid-msisdn',
    '/recordedAt invalid-timestamp',
    '/recordedBytes invalid-bytes',
  ])
})

void t.test('names control characters, wherever they are', async (t) => {
  t.same(
    faults(() => parseDataRecordLine(csv.replace('-', '\u0000'))),
    ['/id control-character'],
  )
  t.same(
    faults(() => parseDataRecordLine(csv.replace('Europe', 'Eur\tope'))),
    ['/recordedAt control-character'],
  )
  t.same(
    faults(() => parseDataRecordLine(`${csv}\r`)),
    ['/recordedBytes control-character'],
  )
  t.same(
    faults(() => parseDataRecordLine(csv.replaceAll(';', '\t'))),
    [' control-character'],
  )
  t.throws(() => parseDataRecordLine(csv.replaceAll(';', '\t')), /U\+0009/)
})

void t.test('law: a record reads the same from CSV and from JSON', async (t) => {
  const input = fc.record({
    id: fc.string({ minLength: 1, maxLength: 30 }).filter((id) => !id.includes(';')),
    recordedAt: fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2040, 0) }).map(formatTimestamp),
    msisdn: fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 20 }),
    recordedBytes: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  })
  fc.assert(
    fc.property(input, (input) => {
      const { id, recordedAt, msisdn, recordedBytes } = input
      const line = parseDataRecordLine(`${id};${recordedAt};${msisdn};${recordedBytes}`)
      return JSON.stringify(line) === JSON.stringify(parseDataRecord(input))
    }),
  )
  t.pass()
})

void t.test('law: any line becomes a record or an InvalidRecord', async (t) => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'01;-T:Z+\t{}') }),
  )
  fc.assert(
    fc.property(text, (text) => {
      faults(() => parseDataRecordLine(text))
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

void t.test('says what is wrong with a line that is not JSON', async (t) => {
  t.same(parseJsonLine(' {"a":[1]} '), { a: [1] })
  for (const text of ['{', '{"a":1', "{'a':1}", '{"a":01}', '{"a":1} {"a":2}', 'undefined']) {
    t.same(
      faults(() => parseJsonLine(text)),
      [' invalid-json'],
      text,
    )
  }
  t.throws(() => parseJsonLine('{"a":01}'), /one JSON value; .*JSON/)
})

void t.test('data records come as CSV or as JSON, line by line', async (t) => {
  const kind = kinds['data-records']
  t.same(kind.parseLine(line(`${csv}\n`)), record)
  t.same(kind.parseLine(line(`${json}\n`)), record)
  t.same(kind.parseLine(line(` \t${json}\r\n`)), record)
  t.same(kind.parse(JSON.parse(json)), record)
})

void t.test('bytes in JSON are an integer as it is written', async (t) => {
  const bytes = (literal: string) => line(json.replace('362570622', literal))
  const kind = kinds['data-records']
  for (const literal of ['1e3', '1000.0', '1000']) {
    t.equal(kind.parseLine(bytes(literal)).recordedBytes, 1000, literal)
  }
  for (const literal of ['9007199254740991.4', '4503599627370497.2', '0.99999999999999999', '1e-400']) {
    t.same(
      faults(() => kind.parseLine(bytes(literal))),
      ['/recordedBytes invalid-bytes'],
      literal,
    )
  }
})

void t.test('so are instants and years', async (t) => {
  const billable = '{"timestampMs":1580515200000.00001,"customer":"A","amountEUR":"1","type":"DATA"}'
  t.same(faults(parsing(kinds['billable-events'], billable)), ['/timestampMs invalid-instant'])
  const born = '{"type":"ChangeBirthDateEvent","userId":"u","processedAt":"2020-01-01T00:00Z"'
  const year = `${born},"birthYear":1984.00000000000001}`
  t.same(faults(parsing(kinds['user-events'], year)), ['/birthYear invalid-year'])
})

void t.test('does not believe a CSV line without an end: digits may be missing', async (t) => {
  const kind = kinds['data-records']
  for (let length = 1; length <= csv.length; length++) {
    t.same(faults(parsing(kind, csv.slice(0, length))), [' incomplete-line'])
  }
  t.same(faults(parsing(kind, `${csv}\r`)), [' incomplete-line'])
})

void t.test('takes a last JSON line without an end if it is whole', async (t) => {
  const kind = kinds['data-records']
  t.same(kind.parseLine(line(json)), record)
  for (let length = 1; length < json.length; length++) {
    t.same(faults(parsing(kind, json.slice(0, length))), [' invalid-json'])
  }
})

void t.test('agreements are NDJSON only', async (t) => {
  const agreement = {
    id: 'a',
    msisdn: '1',
    signedAt: '2019-12-20T00:00Z',
    serviceStartAt: '2020-01-01T00:00Z',
    billingPeriodTimeZone: 'UTC',
    maxBytesInBillingPeriod: 0,
  }
  t.match(kinds.agreements.parseLine(line(JSON.stringify(agreement))), {
    id: 'a',
    signedAt: Date.UTC(2019, 11, 20),
  })
  const finer = JSON.stringify({ ...agreement, maxBytesInBillingPeriod: '@' }).replace(
    '"@"',
    '0.99999999999999999',
  )
  t.same(faults(parsing(kinds.agreements, finer)), ['/maxBytesInBillingPeriod invalid-bytes'])
  t.same(faults(parsing(kinds.agreements, `${csv}\n`)), [' invalid-json'])
  t.same(faults(parsing(kinds.agreements, '[1]\n')), [' invalid-field'])
})

void t.test('a line that is no text is refused with its own fault, whatever the kind', async (t) => {
  for (const kind of Object.values<LineParser>(kinds)) {
    t.same(faults(parsing(kind, Buffer.from([0x7b, 0xff, 10]))), [' invalid-utf8'])
    t.same(faults(parsing(kind, `${'x'.repeat(1_100_000)}\n`)), [' record-too-large'])
  }
})

void t.test('a record of whatever kind has at most 100 levels, however it comes', async (t) => {
  const nested = (levels: number) => '{"a":['.repeat(levels / 2) + ']}'.repeat(levels / 2)
  for (const kind of Object.values<Kind<unknown>>(kinds)) {
    t.notMatch(faults(parsing(kind, nested(100))), [' too-deeply-nested'])
    for (const levels of [102, 100_000]) {
      t.same(faults(parsing(kind, nested(levels))), [' too-deeply-nested'])
      t.same(
        faults(() => kind.parse(JSON.parse(nested(levels)))),
        [' too-deeply-nested'],
      )
    }
  }
})

void t.test('knows its kinds by name', async (t) => {
  t.ok(isKindName('agreements'))
  t.ok(isKindName('data-records'))
  t.notOk(isKindName('toString'))
})
