import t from 'tap'
import { arrivalOf } from '../../bridge/arrivals.js'
import { LineSplitter } from '../../bridge/formats/lines.js'
import type { Arrival } from '../../commands/intake.js'
import { SourceReader } from '../../commands/read-source.js'
import { nothingRead, sourceStream } from '../../domain/source.js'
import type { EventStore } from '../../event-store/port.js'
import { Countdown, stoppingAppends, Stopped, unansweredAppends } from '../projections/stopping.js'
import { temporaryFolder, wholeLog } from '../projections/tidemark.js'
import { openLog } from '../event-store/open-log.js'

const stream = sourceStream('data-records', 'abc')

const open = (eventStore: EventStore) => SourceReader.open(eventStore, stream, 'file:abc', 'a.csv')

/** Some lines of the source: `a a!` are two of one identity that contradict each other. */
function page(first: number, ...ids: string[]): Arrival[] {
  const text = ids.map((id) => `${id.replace('!', '')};2020-01-10T00:00:00Z;1;${id.length}\n`).join('')
  return new LineSplitter(first)
    .push(Buffer.from(text))
    .map((line) => arrivalOf('data-records', line, 'file:abc')!)
}

const pages = [
  { arrivals: page(1, 'a', 'b', 'a'), ignored: 1, next: { bytes: 100, line: 4 } },
  { arrivals: page(4, 'c', 'b!', ''), ignored: 0, next: { bytes: 200, line: 7 } },
  { arrivals: page(7, 'd'), ignored: 2, next: { bytes: 300, line: 8 } },
]
const total = { read: 10, appended: 4, duplicates: 1, ignored: 3, rejected: 2 }

/** Reads what is still to be read, from where the reader stands. */
async function readOn(reader: SourceReader): Promise<void> {
  for (const { arrivals, ignored, next } of pages) {
    if (next.bytes > reader.state.bytes) await reader.take(arrivals, ignored, next)
  }
  await reader.complete()
}

void t.test('a source that nobody has read starts at its first byte and line', async (t) => {
  const reader = await open(openLog(t))
  t.same(reader.state, { bytes: 0, line: 1, counts: nothingRead, completed: false })
})

void t.test('counts what came of its records', async (t) => {
  const eventStore = openLog(t)
  const reader = await open(eventStore)
  await readOn(reader)
  t.same(reader.state, { bytes: 300, line: 8, counts: total, completed: true })
  t.same(
    (await wholeLog(eventStore, ['source'])).map(({ type, revision }) => `${revision} ${type}`),
    [
      '0 SourceClaimed',
      '1 SourceProgressed',
      '2 SourceProgressed',
      '3 SourceProgressed',
      '4 SourceCompleted',
    ],
  )
})

void t.test('a source that was read whole is not claimed again', async (t) => {
  const eventStore = openLog(t)
  await readOn(await open(eventStore))
  const head = await eventStore.head()
  t.match((await open(eventStore)).state, { completed: true, counts: total })
  t.equal(await eventStore.head(), head)
})

void t.test('wherever reading is cut short, going on ends in the same counts and records', async (t) => {
  const whole = openLog(t)
  await readOn(await open(whole))
  const facts = async (eventStore: EventStore) =>
    (await wholeLog(eventStore, ['subscriber', 'deadletter'])).map(({ id }) => id)
  for (let calls = 0; calls <= 6; calls++) {
    for (const cut of [stoppingAppends, unansweredAppends]) {
      const eventStore = openLog(t)
      const reading = open(cut(eventStore, new Countdown(calls))).then(readOn)
      // Claim, three pages, the dead letter of the second one, and completion.
      if (calls < 6) await t.rejects(reading, Stopped)
      else await reading
      const again = await open(eventStore)
      if (!again.state.completed) await readOn(again)
      t.same(again.state.counts, total, `${cut.name} after ${calls} appends`)
      t.same(await facts(eventStore), await facts(whole))
    }
  }
})

void t.test('goes on after any number of attempts that got nowhere', async (t) => {
  const eventStore = openLog(t)
  const first = await open(eventStore)
  await first.take(pages[0]!.arrivals, 1, pages[0]!.next)
  await first.take(pages[1]!.arrivals, 0, pages[1]!.next)
  for (let attempt = 0; attempt < 25; attempt++) await open(eventStore)
  const last = await open(eventStore)
  t.match(
    last.state,
    { bytes: 100, line: 4, counts: { read: 4 } },
    'the page that nobody confirmed is read again',
  )
  await readOn(last)
  t.same(last.state.counts, total)
})

void t.test('of two readers the one that claimed last goes on, and the other one is told', async (t) => {
  const eventStore = openLog(t)
  const one = await open(eventStore)
  await one.take(pages[0]!.arrivals, 1, pages[0]!.next)
  const two = await open(eventStore)
  await t.rejects(one.take(pages[1]!.arrivals, 0, pages[1]!.next), { code: 'source-fenced' })
  const log = await wholeLog(eventStore, ['subscriber'])
  t.equal(log.length, 2, 'nothing of that page was taken')
  await readOn(two)
  t.same(two.state.counts, total)
  await t.rejects(one.complete(), { code: 'source-fenced' })
})

void t.test(
  'of any number of readers at once, in two processes’ worth of stores, at most one completes',
  async (t) => {
    const folder = temporaryFolder(t)
    const stores = [openLog(t, folder), openLog(t, folder)]
    const readers = Array.from({ length: 6 }, async (_, n) => {
      const reader = await open(stores[n % 2]!)
      if (!reader.state.completed) await readOn(reader)
      return reader.state.counts
    })
    const outcomes = await Promise.allSettled(readers)
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') t.same(outcome.value, total)
      else t.match(outcome.reason, { code: 'source-fenced' })
    }
    const last = await open(stores[0]!)
    if (!last.state.completed) await readOn(last)
    t.same(last.state.counts, total)
    const log = await wholeLog(stores[1]!, ['source'])
    t.equal(log.filter(({ type }) => type === 'SourceCompleted').length, 1)
    t.equal((await wholeLog(stores[1]!, ['subscriber'])).length, 4)
  },
)
