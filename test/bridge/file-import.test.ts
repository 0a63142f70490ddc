import { join } from 'node:path'
import t from 'tap'
import { importFile } from '../../bridge/file-import.js'
import { deadLetterBytes } from '../../commands/dead-letter-bytes.js'
import { rawBytes, type RecordRejected } from '../../domain/dead-letter.js'
import { MOST_KEPT_BYTES } from '../../domain/record-size.js'
import type { EventStore } from '../../event-store/port.js'
import { temporaryFolder, wholeLog } from '../projections/tidemark.js'
import { fileOf, line, manyLines } from './importing.js'
import { openLog } from '../event-store/open-log.js'

async function deadLetters(eventStore: EventStore) {
  return (await wholeLog(eventStore, ['deadletter'])).map(({ data, metadata }) => {
    const { reason, ...rest } = data as RecordRejected['data']
    return { reason, raw: rawBytes(rest), line: Number(metadata.source?.split('#')[1]) }
  })
}

void t.test('every line becomes a fact, with its place in the file', async (t) => {
  const eventStore = openLog(t)
  const counts = await importFile(eventStore, 'data-records', fileOf(t, line('a') + '\n' + line('b')))
  t.same(counts, { read: 2, appended: 2, duplicates: 0, ignored: 0, rejected: 0 })
  const [a, b] = await wholeLog(eventStore, ['subscriber'])
  t.match(a?.metadata.source, /^file:[0-9a-f]{32}#1$/)
  t.equal(
    b?.metadata.source,
    a?.metadata.source?.replace('#1', '#3'),
    'empty lines are counted as an editor does',
  )
})

void t.test('an empty file is complete', async (t) => {
  const eventStore = openLog(t)
  for (const content of ['', '\n\n', '\r\n', '\ufeff']) {
    t.match(await importFile(eventStore, 'data-records', fileOf(t, content)), { read: 0, rejected: 0 })
  }
})

void t.test('bad lines of every sort become dead letters with their bytes, and stop nothing', async (t) => {
  const bad: [reason: string, bytes: string | Buffer][] = [
    ['wrong-field-count', 'nonsense'],
    ['wrong-field-count', 'a;2020-01-10T00:00:00Z;1'],
    ['wrong-field-count', 'a;2020-01-10T00:00:00Z;1;1;1'],
    ['wrong-field-count', ' '],
    ['invalid-id', ';2020-01-10T00:00:00Z;1;1'],
    ['invalid-id', `${'x'.repeat(201)};2020-01-10T00:00:00Z;1;1`],
    ['invalid-timestamp', 'a;2020-01-32T00:00:00Z;1;1'],
    ['invalid-timestamp', 'a;2020-01-10T00:00:00;1;1'],
    ['invalid-time-zone', 'a;2020-01-10T00:00+01:00[Europe/Krakow];1;1'],
    ['invalid-msisdn', 'a;2020-01-10T00:00:00Z;+48;1'],
    ['invalid-bytes', 'a;2020-01-10T00:00:00Z;1;-1'],
    ['invalid-bytes', 'a;2020-01-10T00:00:00Z;1;1.0'],
    ['invalid-bytes', 'a;2020-01-10T00:00:00Z;1;9007199254740992'],
    ['control-character', 'a\tb;2020-01-10T00:00:00Z;1;1'],
    ['invalid-json', '{"id":"a"'],
    ['invalid-json', '{}{}'],
    [
      'too-deeply-nested',
      `{"id":${'['.repeat(5000)}${']'.repeat(5000)},"recordedAt":"2020-01-10T00:00:00Z"}`,
    ],
    ['too-deeply-nested', `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`],
    ['missing-field', '{"id":"a","recordedAt":"2020-01-10T00:00:00Z","msisdn":"1"}'],
    [
      'invalid-id',
      '{"id":"a","externalId":"b","recordedAt":"2020-01-10T00:00:00Z","msisdn":"1","recordedBytes":1}',
    ],
    ['invalid-utf8', Buffer.from([0x61, 0x3b, 0xff, 0x3b, 0xc0, 0x80])],
    ['invalid-utf8', Buffer.from('ż;2020-01-10T00:00:00Z;1;1').subarray(1)],
  ]
  const chunks: Buffer[] = []
  for (const [n, [, bytes]] of bad.entries()) {
    chunks.push(Buffer.from(bytes), Buffer.from(`\n${line(`good-${n}`)}`))
  }
  const eventStore = openLog(t)
  const counts = await importFile(eventStore, 'data-records', fileOf(t, Buffer.concat(chunks)))
  t.same(counts, {
    read: 2 * bad.length,
    appended: bad.length,
    duplicates: 0,
    ignored: 0,
    rejected: bad.length,
  })
  const letters = await deadLetters(eventStore)
  t.same(
    letters.map(({ reason }) => reason),
    bad.map(([reason]) => reason),
  )
  for (const [n, [, bytes]] of bad.entries()) {
    t.ok(letters[n]?.raw.equals(Buffer.from(bytes)), `${letters[n]?.reason} keeps its bytes`)
    t.equal(letters[n]?.line, 1 + 2 * n)
  }
})

void t.test('a line that is too long is kept whole, in parts, and the line after it is read', async (t) => {
  const long = 'zażółć gęślą jaźń '.repeat(100_000)
  const eventStore = openLog(t)
  const path = fileOf(t, `${long}\n${line('a')}`)
  t.match(await importFile(eventStore, 'data-records', path), { read: 2, appended: 1, rejected: 1 })
  const [first, ...rest] = await wholeLog(eventStore, ['deadletter'])
  t.match(first, { type: 'RecordRejected', data: { reason: 'record-too-large', encoding: 'utf8' } })
  t.match(
    rest,
    Array.from({ length: 3 }, () => ({ type: 'RawContinued', data: { encoding: 'utf8' } })),
    'cut between characters',
  )
  const parts: Buffer[] = []
  for await (const part of deadLetterBytes(eventStore, (first?.data as RecordRejected['data']).deadLetterId))
    parts.push(part)
  t.equal(Buffer.concat(parts).toString(), long)
  t.equal((first?.data as RecordRejected['data']).size, Buffer.byteLength(long))
})

void t.test('of a line without end the first 8 MiB are kept', async (t) => {
  const endless = Buffer.alloc(9 * 1024 * 1024, 0xff)
  const eventStore = openLog(t)
  const path = fileOf(t, Buffer.concat([endless, Buffer.from('\n')]))
  t.match(await importFile(eventStore, 'data-records', path), { read: 1, rejected: 1 })
  const events = await wholeLog(eventStore, ['deadletter'])
  const kept = events.map(({ data }) => rawBytes(data as RecordRejected['data']))
  t.equal(Buffer.compare(Buffer.concat(kept), endless.subarray(0, MOST_KEPT_BYTES)), 0)
  t.match(events[0]?.data, { encoding: 'base64', size: MOST_KEPT_BYTES })
})

void t.test('long lines are taken in a few at a time, so that not all of them are in memory', async (t) => {
  const long = 'x'.repeat(600 * 1024)
  const eventStore = openLog(t)
  const counts = await importFile(eventStore, 'data-records', fileOf(t, `${long}\n`.repeat(12)))
  t.match(counts, { read: 12, rejected: 12 })
  const taken = (await wholeLog(eventStore, ['source'])).filter(({ type }) => type === 'SourceProgressed')
  t.equal(taken.length, 3, 'four of them are more than 2 MiB')
})

void t.test(
  'a last line that may have been cut short is a dead letter; with its line feed it is a record',
  async (t) => {
    const eventStore = openLog(t)
    const counts = await importFile(eventStore, 'data-records', fileOf(t, line('a') + line('b').trimEnd()))
    t.match(counts, { read: 2, appended: 1, rejected: 1 })
    t.match(await deadLetters(eventStore), [{ reason: 'incomplete-line', line: 2 }])
    const whole = await importFile(eventStore, 'data-records', fileOf(t, line('a') + line('b')))
    t.match(whole, { read: 2, appended: 1, duplicates: 1, rejected: 0 })
  },
)

void t.test('line ends of other systems and a byte order mark are no part of the records', async (t) => {
  const eventStore = openLog(t)
  const text = '\ufeff' + (line('a') + line('b')).replaceAll('\n', '\r\n')
  t.match(await importFile(eventStore, 'data-records', fileOf(t, text)), { appended: 2, rejected: 0 })
  const plain = await importFile(eventStore, 'data-records', fileOf(t, line('b') + line('a')))
  t.match(plain, { appended: 0, duplicates: 2 })
})

void t.test(
  'the same content under whatever name adds nothing, and what came in is a duplicate',
  async (t) => {
    const eventStore = openLog(t)
    const text = line('a') + 'nonsense\n' + line('a') + line('b') + line('a', 99)
    t.match(await importFile(eventStore, 'data-records', fileOf(t, text)), {
      read: 5,
      appended: 2,
      duplicates: 1,
      rejected: 2,
    })
    const head = await eventStore.head()
    for (let time = 0; time < 2; time++) {
      t.same(await importFile(eventStore, 'data-records', fileOf(t, text)), {
        read: 5,
        appended: 0,
        duplicates: 3,
        ignored: 0,
        rejected: 2,
      })
    }
    t.equal(await eventStore.head(), head)
  },
)

void t.test('a file that has grown brings what is new, and everything else is a duplicate', async (t) => {
  const eventStore = openLog(t)
  await importFile(eventStore, 'data-records', fileOf(t, manyLines(10)))
  const counts = await importFile(eventStore, 'data-records', fileOf(t, manyLines(12)))
  t.match(counts, { read: 12, appended: 2, duplicates: 10 })
})

void t.test('a file of agreements, and the same file as records', async (t) => {
  const eventStore = openLog(t)
  const agreement = {
    id: 'a',
    msisdn: '1',
    signedAt: '2020-01-01T00:00Z',
    serviceStartAt: '2020-01-01T00:00Z',
    billingPeriodTimeZone: 'Europe/Warsaw',
    maxBytesInBillingPeriod: 1,
  }
  // JSON tells by itself where it ends.
  const path = fileOf(t, JSON.stringify(agreement))
  t.match(await importFile(eventStore, 'agreements', path), { appended: 1, rejected: 0 })
  t.match(await importFile(eventStore, 'data-records', path), { read: 1, rejected: 1 })
  t.match(await deadLetters(eventStore), [{ reason: 'missing-field' }])
})

void t.test('a file that is not there, and a folder, are errors', async (t) => {
  const eventStore = openLog(t)
  await t.rejects(importFile(eventStore, 'data-records', join(temporaryFolder(t), 'none')), {
    code: 'ENOENT',
  })
  await t.rejects(importFile(eventStore, 'data-records', temporaryFolder(t)), { code: 'EISDIR' })
  t.equal(await eventStore.head(), 0)
})
