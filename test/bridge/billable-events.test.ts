import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { importFile } from '../../bridge/file-import.js'
import { parseBillableEventLine } from '../../bridge/formats/billable-event-csv.js'
import { kinds } from '../../bridge/formats/kinds.js'
import { LineSplitter } from '../../bridge/formats/lines.js'
import { InvalidRecord } from '../../domain/invalid-record.js'
import { deadLetters, type DeadLetter } from '../../projections/dead-letters.js'
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
  const [cut] = new LineSplitter().push(Buffer.from('')).concat(
    (() => {
      const splitter = new LineSplitter()
      return [...splitter.push(Buffer.from('1,Emma,1,DATA')), ...splitter.end()]
    })(),
  )
  t.throws(() => kinds['billable-events'].parseLine(cut!), { code: 'incomplete-line' })
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
    '{"timestampMs":1580515200000,"customer":"Emma","amountEUR":0.30000000000000004,"type":"DATA"}',
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
      ['incomplete-line', lines[9]],
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
  // A last line without a line feed: an operator says that it is complete.
  writeFileSync(join(folder, 'a'), '1580515200000,Emma,1,DATA\n1580515200000,Emma,2.5,DATA')
  await importFile(eventStore, 'billable-events', join(folder, 'a'))
  const [rejected] = await wholeLog(eventStore, ['deadletter'])
  const id = (rejected!.data as { deadLetterId: string }).deadLetterId
  t.match(await retryDeadLetter(eventStore, id), { recovered: true })
  const events = await wholeLog(eventStore, ['customer'])
  t.same(
    events.map(({ data }) => (data as { amountCents: number }).amountCents),
    [100, 250],
  )
  t.match(events[1]?.metadata.source, /#2$/)
})
