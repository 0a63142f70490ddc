import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { EventStore } from '../../event-store/port.js'
import { LogTimes } from '../../projections/past/log-times.js'
import { event } from '../contract/event-store/events.js'
import { openTidemark } from './tidemark.js'
import { watchedReads } from './watched-reads.js'

const { signal } = new AbortController()

/** A log that took its events at these times (epoch milliseconds), and how many pages of it were read. */
async function logOf(
  t: Test,
  times: readonly number[],
): Promise<{ eventStore: EventStore; pages: () => number }> {
  const { eventStore, append } = await openTidemark(t)
  await append(...times.map((_, n) => event('a', n)))
  return timedAs(eventStore, times)
}

function timedAs(eventStore: EventStore, times: readonly number[]) {
  let pages = 0
  const timed = watchedReads(eventStore, ({ events, position }) => {
    pages++
    const at = events.map((one) => ({ ...one, recordedTime: times[one.position - 1]! }))
    return { events: at, position }
  })
  return { eventStore: timed, pages: () => pages }
}

void t.test('finds how far the log had got', async (t) => {
  const { eventStore } = await logOf(t, [1_000, 2_000, 2_000, 5_000])
  const times = new LogTimes(eventStore)
  for (const [instant, position] of [
    [0, 0],
    [999, 0],
    [1_000, 1],
    [1_999, 1],
    [2_000, 3],
    [4_999, 3],
    [5_000, 4],
    [6_000, 4],
    [Date.now() + 3_600_000, 4],
  ] as const) {
    t.equal(await times.positionAt(instant, signal), position, `at ${instant}`)
  }
  const empty = new LogTimes((await logOf(t, [])).eventStore)
  t.same([await empty.positionAt(0, signal), await empty.positionAt(Infinity, signal)], [0, 0])
})

void t.test('the log is read once, and after that from a place near the answer', async (t) => {
  const { eventStore, pages } = await logOf(
    t,
    Array.from({ length: 20_000 }, (_, n) => n),
  )
  const times = new LogTimes(eventStore)
  t.equal(await times.positionAt(19_000, signal), 19_001)
  const first = pages()
  for (const instant of [18_999, 5, 10_000, 19_999]) {
    const before = pages()
    t.equal(await times.positionAt(instant, signal), instant + 1)
    t.ok(pages() - before <= 3, `${pages() - before} pages, ${first} at first`)
  }
})

void t.test('a clock that was set back does not hide what came before', async (t) => {
  const day = 86_400_000
  const { eventStore } = await logOf(
    t,
    Array.from({ length: 6_000 }, (_, n) => (n < 3_000 ? 2 * day : day) + n),
  )
  const times = new LogTimes(eventStore)
  t.equal(await times.positionAt(3 * day, signal), 6_000)
  t.equal(
    await times.positionAt(day + 6_000, signal),
    0,
    'the first event was taken at a later time than that',
  )
  t.equal(await times.positionAt(2 * day + 1_500, signal), 1_501)
})

void t.test('any times, also of a clock that was set back, in any order of questions', async (t) => {
  const time = fc.nat(12)
  const length = 12
  const { eventStore } = await logOf(
    t,
    Array.from({ length }, () => 0),
  )
  const logs = fc.record({
    times: fc.array(time, { minLength: length, maxLength: length }),
    instants: fc.array(time, { minLength: 1, maxLength: 6 }),
  })
  const law = fc.assert(
    fc.asyncProperty(logs, async ({ times, instants }) => {
      const found = new LogTimes(timedAs(eventStore, times).eventStore)
      for (const instant of instants) {
        const later = times.findIndex((one) => one > instant)
        const expected = later < 0 ? times.length : later
        if ((await found.positionAt(instant, signal)) !== expected) return false
      }
      return true
    }),
  )
  await t.resolves(law)
})

void t.test('when it is called off, it stops', async (t) => {
  const { eventStore, pages } = await logOf(t, [1, 2, 3])
  const stopped = AbortSignal.abort(new Error('enough'))
  await t.rejects(new LogTimes(eventStore).positionAt(2, stopped), { message: 'enough' })
  t.equal(pages(), 0)
})
