import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { importFile } from '../../bridge/file-import.js'
import { parseBillableEventLine } from '../../bridge/formats/billable-event-csv.js'
import { kinds } from '../../bridge/formats/kinds.js'
import { LineSplitter } from '../../bridge/formats/lines.js'
import { billableTypes } from '../../domain/billable-event.js'
import { recordRejected } from '../../domain/dead-letter.js'
import { InvalidRecord } from '../../domain/invalid-record.js'
import { deadLetters, type DeadLetter } from '../../projections/dead-letters/dead-letters.js'
import { retryDeadLetter } from '../../bridge/dead-letter-retry.js'
import { openTidemark, wholeLog } from '../projections/tidemark.js'

/** `path code` of each fault. */
function faults(line: string): string[] {
  try {
    parseBillableEventLine(line)
    return []
  } catch (error) {
    if (!(error instanceof InvalidRecord)) throw error
    return error.faults.map(({ path, code }) => `${path} ${code}`)
  }
}

void t.test('reads a billable event from its fields', async (t) => {
  t.same(parseBillableEventLine('1580515200000,Emma,12.34,data'), {
    timestampMs: 1580515200000,
    customer: 'Emma',
    type: 'DATA',
    amountCents: 1234,
  })
  t.match(parseBillableEventLine('-1,Emma Smith,-0.001,MISC'), { timestampMs: -1, amountCents: -1 })
})

void t.test('has exactly four fields, without quotes and spaces around them', async (t) => {
  for (const line of ['1,Emma,1', '1,Emma,1,DATA,', '1,Em,ma,1,DATA', ',,,,', 'Emma', ',']) {
    t.same(faults(line), [' wrong-field-count'], line)
  }
  t.same(faults('1,Emma,1,50,DATA'), [' wrong-field-count'], 'a decimal comma is no point')
  t.match(parseBillableEventLine('1,"Emma",1,DATA'), { customer: '"Emma"' })
  t.same(faults('1, Emma,1,DATA'), ['/customer invalid-customer'])
  t.same(faults('1,Emma, 1,DATA'), ['/amountEUR invalid-amount'])
  t.same(faults(' 1,Emma,1,DATA'), ['/timestampMs invalid-instant'])
  t.same(faults('1,Emma,1,DATA '), ['/type invalid-billable-type'])
  t.same(faults('1,Emma,1\t,DATA,'), [' control-character'])
  t.same(faults(',,,').sort(), [
    '/amountEUR invalid-amount',
    '/customer invalid-customer',
    '/timestampMs invalid-instant',
    '/type invalid-billable-type',
  ])
  t.same(faults('timestampMs,customer,amountEUR,type').length, 3, 'a header is no event')
})

void t.test('the instant is plain decimal digits', async (t) => {
  for (const at of [
    '',
    '-',
    '+1',
    '1.0',
    '1e3',
    '0x1',
    '2020-01-01T00:00:00Z',
    '1580515200',
    '9'.repeat(30),
  ]) {
    const expected = at === '1580515200' ? [] : ['/timestampMs invalid-instant']
    t.same(faults(`${at},Emma,1,DATA`), expected, at)
  }
})

void t.test('a line of text or of JSON, and the same event from both', async (t) => {
  const read = (text: string) =>
    kinds['billable-events'].parseLine(new LineSplitter().push(Buffer.from(text))[0]!)
  const event = read('1580515200000,Emma,1.10,call\n')
  for (const amount of ['"1.10"', '1.10', '1.1', '"1.1"']) {
    const json = `{"type":"CALL","amountEUR":${amount},"customer":"Emma","timestampMs":1580515200000,"x":1}`
    t.same(read(`${json}\n`), event, amount)
  }
})

void t.test('a last line without an end is taken if it is whole', async (t) => {
  const read = (text: string) => {
    const splitter = new LineSplitter()
    splitter.push(Buffer.from(text))
    return kinds['billable-events'].parseLine(splitter.end()[0]!)
  }
  for (const type of billableTypes) {
    const line = `1580515200000,Emma,1.10,${type}`
    t.match(read(line), { type, amountCents: 110 })
    for (let length = 1; length < line.length; length++) {
      t.throws(() => read(line.slice(0, length)), InvalidRecord, line.slice(0, length))
    }
  }
})

void t.test('an amount that is a JSON number has the digits that were written', async (t) => {
  const read = (amount: string) => {
    const text = `{"timestampMs":1,"customer":"Emma","amountEUR":${amount},"type":"DATA"}\n`
    return kinds['billable-events'].parseLine(new LineSplitter().push(Buffer.from(text))[0]!)
  }
  for (const [amount, cents, unrounded] of [
    ['90071992547409.91', 9007199254740991],
    ['1.10', 110],
    ['1.10000000000000000001', 111, '1.10000000000000000001'],
    ['-2.00000000000000000001', -201, '-2.00000000000000000001'],
    ['12345678901234.567', 1234567890123457, '12345678901234.567'],
    ['0.30000000000000004', 31, '0.30000000000000004'],
    ['1.5e-7', 1, '0.00000015'],
    ['12.5e1', 12500],
    ['-0.0', 0],
  ] as const) {
    const { amountCents, amountEUR } = read(amount)
    t.equal(amountCents, cents, amount)
    t.equal(amountEUR, unrounded, amount)
  }
  for (const amount of ['90071992547409.92', '90071992547409.911', '1e15', '1e-300', '1e400']) {
    t.throws(() => read(amount), { code: 'invalid-amount' }, amount)
  }
})

void t.test('bad lines become dead letters with their reason, and nothing stops', async (t) => {
  const tidemark = await openTidemark(t)
  const lines = [
    '1580515200000,Emma,1.00,DATA',
    '1580515200000,Emma,1.00',
    '1580515200000,Emma,1.00,DATA',
    '1580515200000,,1.00,DATA',
    '1580515200,Emma,one,DATA',
    '1580515200000,Emma,1.00,SMS',
    '{"timestampMs":1580515200000,"customer":"Emma","amountEUR":90071992547409.9100000001,"type":"DATA"}',
    '{"timestampMs":1580515200000,"customer":"Emma"',
    '1580515200000,Emma,2.00,DATA',
    '1580515200000,Emma,2.0',
  ]
  const path = join(tidemark.folder, 'events.csv')
  writeFileSync(path, lines.join('\n'))
  const counts = await importFile(tidemark.eventStore, 'billable-events', path)
  t.match(counts, { read: 10, appended: 3, duplicates: 0, rejected: 7 }, 'two that say the same are two')
  await tidemark.fold()
  const letters = Object.values(await tidemark.documents<DeadLetter>('dead-letters', deadLetters.name))
  t.same(
    letters.sort((a, b) => a.position - b.position).map(({ reason, raw }) => [reason, raw]),
    [
      ['wrong-field-count', lines[1]],
      ['invalid-customer', lines[3]],
      ['invalid-amount', lines[4]],
      ['invalid-billable-type', lines[5]],
      ['invalid-amount', lines[6]],
      ['invalid-json', lines[7]],
      ['wrong-field-count', lines[9]],
    ],
  )
  const again = await importFile(tidemark.eventStore, 'billable-events', path)
  t.match(again, { read: 10, appended: 0, duplicates: 3, rejected: 7 })
})

void t.test(
  'a file is the same under another name; the same lines in other files are other events',
  async (t) => {
    const { folder, eventStore } = await openTidemark(t)
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text)
      return importFile(eventStore, 'billable-events', join(folder, name))
    }
    const [one, two] = ['1580515200000,Emma,1,DATA\n', '1580515200000,Liam,1,DATA\n']
    t.match(await write('a', one + two), { appended: 2 })
    t.match(await write('b', one + two), { appended: 0, duplicates: 2 })
    t.match(await write('c', two + one), { appended: 2 }, 'a record is known by where it stands')
  },
)

void t.test('a dead letter that is retried takes the place it would have had', async (t) => {
  const { folder, eventStore } = await openTidemark(t)
  writeFileSync(join(folder, 'a'), '1580515200000,Emma,1,DATA\n')
  await importFile(eventStore, 'billable-events', join(folder, 'a'))
  // Earlier versions refused a last line without a line feed.
  const raw = Buffer.from('1580515200000,Emma,2.5,DATA')
  const rejection = { kind: 'billable-events', reason: 'incomplete-line', detail: 'it may be cut', raw }
  const rejected = recordRejected(rejection, { source: 'file:of-an-earlier-version#2' })
  await eventStore.append([rejected])
  t.match(await retryDeadLetter(eventStore, rejected.data.deadLetterId), { recovered: true })
  const events = await wholeLog(eventStore, ['customer'])
  t.same(
    events.map(({ data }) => (data as { amountCents: number }).amountCents),
    [100, 250],
  )
  t.match(events[1]?.metadata.source, /#2$/)
})
