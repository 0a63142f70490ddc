import t from 'tap'
import { arrivalAt } from '../../bridge/arrivals.js'
import { lastClaim, SourceReader, standingOf } from '../../commands/read-source.js'
import {
  nothingRead,
  partitionCoordinate,
  placeAfter,
  sourceStream,
  type PartitionPlace,
} from '../../domain/source.js'
import type { EventStore } from '../../event-store/port.js'
import { Countdown, Stopped, unansweredAppends } from '../projections/stopping.js'
import { wholeLog } from '../projections/tidemark.js'
import { openLog } from '../event-store/open-log.js'

const stream = sourceStream('data-records', 'kafka-records-3')
const claimed = { source: 'kafka:records/3', group: 'tidemark', member: 'member-1' }

const claim = (eventStore: EventStore, start = 0, member = 'member-1') =>
  SourceReader.claim<PartitionPlace>(eventStore, stream, { ...claimed, member }, { offset: start })

/** Records of the partition, and where the ones after them start. */
function page(first: number, count: number) {
  const arrivals = Array.from({ length: count }, (_, n) => {
    const text = `${first + n};2020-01-10T00:00:00Z;1;10`
    const raw = Buffer.from(text)
    const record = { text, fault: undefined, terminated: true, raw }
    return arrivalAt('data-records', record, `kafka:records/3/${first + n}`)
  }).filter((arrival) => arrival !== undefined)
  const last = { offset: first + count - 1, timestamp: 1_000 + first + count }
  return { arrivals, next: { offset: first + count, last } }
}

async function take(reader: SourceReader<PartitionPlace>, first: number, count: number) {
  const { arrivals, next } = page(first, count)
  return reader.take(arrivals, 0, next)
}

void t.test('a partition that nobody has read starts where its reader says', async (t) => {
  const eventStore = openLog(t)
  t.same((await claim(eventStore, 7)).state, { offset: 7, counts: nothingRead, completed: false })
  t.match(await wholeLog(eventStore, ['source']), [{ type: 'SourceClaimed', data: claimed }])
})

void t.test('goes on after the last page that somebody confirmed, and counts each record once', async (t) => {
  const eventStore = openLog(t)
  const first = await claim(eventStore)
  await take(first, 0, 3)
  await take(first, 3, 2)
  const second = await claim(eventStore, 100)
  t.same(second.state, {
    offset: 3,
    last: { offset: 2, timestamp: 1_003 },
    counts: { ...nothingRead, read: 3, appended: 3 },
    completed: false,
  })
  t.match(await take(second, 3, 2), { appended: 2, duplicates: 0 }, 'as they counted the first time')
  t.match(second.state, { offset: 5, counts: { read: 5, appended: 5 } })
  t.equal((await wholeLog(eventStore, ['subscriber'])).length, 5)
})

void t.test('who settles leaves nothing to look at again, and says a thing once', async (t) => {
  const eventStore = openLog(t)
  const reader = await claim(eventStore)
  await reader.settle()
  await take(reader, 0, 3)
  await reader.settle()
  await reader.settle()
  t.match((await claim(eventStore)).state, { offset: 3, counts: { appended: 3 } })
  t.same(
    (await wholeLog(eventStore, ['source'])).map(({ type }) => type),
    ['SourceClaimed', 'SourceProgressed', 'SourceProgressed', 'SourceClaimed'],
  )
  await t.rejects(take(reader, 3, 1), { code: 'source-fenced' })
})

void t.test('records that are lost are passed over, and that is a fact', async (t) => {
  const eventStore = openLog(t)
  const reader = await claim(eventStore)
  await take(reader, 0, 3)
  const lost = { from: 3, to: 10, reason: 'deleted' } as const
  await reader.lose(lost, { offset: 10 })
  const expected = { offset: 10, counts: { ...nothingRead, read: 3, appended: 3 }, completed: false }
  t.same(reader.state, expected)
  t.same((await claim(eventStore)).state, expected)
  t.match(
    (await wholeLog(eventStore, ['source'])).find(({ type }) => type === 'SourceLost'),
    { data: { lost, offset: 10 } },
  )
})

void t.test(
  'which topic of its name is read is told by the log, whoever asks and however often',
  async (t) => {
    const eventStore = openLog(t)
    const reader = await claim(eventStore)
    await take(reader, 0, 3)
    t.equal(partitionCoordinate('records/3', reader.state, '3'), 'kafka:records/3/3')
    const lost = { from: 3, to: 0, reason: 'replaced' } as const
    await reader.lose(lost, placeAfter(reader.state, { offset: 0 }, true))
    const second = await claim(eventStore)
    t.equal(partitionCoordinate('records/3', second.state, '0'), 'kafka:records/3~2/0')
    await second.take([], 5, placeAfter(second.state, { offset: 5 }))
    await second.settle()
    t.match((await claim(eventStore)).state, { offset: 5, incarnation: 2 })
  },
)

void t.test('a page whose answer was lost can be taken again', async (t) => {
  const eventStore = openLog(t)
  const answers = new Countdown(1)
  const reader = await claim(unansweredAppends(eventStore, answers))
  await t.rejects(take(reader, 0, 3), Stopped)
  answers.set(Infinity)
  t.match(await take(reader, 0, 3), { appended: 3, duplicates: 0 })
  await take(reader, 3, 1)
  t.match(reader.state, { offset: 4, counts: { read: 4, appended: 4, duplicates: 0 } })
  t.equal((await wholeLog(eventStore, ['subscriber'])).length, 4)
})

void t.test('who has claimed a source last, and how far it has come', async (t) => {
  const eventStore = openLog(t)
  t.equal(await lastClaim(eventStore, stream), undefined)
  t.match(await standingOf(eventStore, stream, { offset: 5 }), { revision: -1, place: { offset: 5 } })
  const first = await claim(eventStore)
  for (let offset = 0; offset < 45; offset++) await take(first, offset, 1)
  t.match(await lastClaim(eventStore, stream), { member: 'member-1' })
  await claim(eventStore, 0, 'member-2')
  t.match(await lastClaim(eventStore, stream), { member: 'member-2', group: 'tidemark' })
  t.match(await standingOf(eventStore, stream, { offset: 0 }), { revision: 46, place: { offset: 44 } })
})
