import t from 'tap'
import { takeIn } from '../../commands/intake.js'
import { MAX_RECORD_BYTES } from '../../domain/record-size.js'
import type { EmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import { Countdown, stoppingAppends, Stopped, unansweredAppends } from '../projections/stopping.js'
import { arriving, deadLetters, line } from './arriving.js'
import { openLog } from '../event-store/open-log.js'

void t.test(
  'an attempt that was cut short counts, when it is made again, as it would have counted',
  async (t) => {
    const large = 'x'.repeat(2 * MAX_RECORD_BYTES)
    const lines = [line('a', 1), 'nonsense', line('a', 2), line('b', 1), line('b', 1), line('known'), large]
    const whole = openLog(t)
    await takeIn(whole, arriving('file:0', [line('known')]))
    const counted = await takeIn(whole, arriving('file:1', lines))
    t.match(counted, { appended: 2, duplicates: 2, rejected: [{ index: 1 }, { index: 2 }, { index: 6 }] })
    const cuts = [
      (log: EmbeddedEventStore) => stoppingAppends(log, new Countdown(0)),
      (log: EmbeddedEventStore) => unansweredAppends(log, new Countdown(0)),
      // Between the records and the dead letters of those that contradict.
      (log: EmbeddedEventStore) => stoppingAppends(log, new Countdown(1)),
      (log: EmbeddedEventStore) => unansweredAppends(log, new Countdown(1)),
      // Between those and the rest of what is too large for one event.
      (log: EmbeddedEventStore) => stoppingAppends(log, new Countdown(2)),
      (log: EmbeddedEventStore) => unansweredAppends(log, new Countdown(2)),
    ]
    for (const cut of cuts) {
      const eventStore = openLog(t)
      await takeIn(eventStore, arriving('file:0', [line('known')]))
      await t.rejects(takeIn(cut(eventStore), arriving('file:1', lines)), Stopped)
      t.same(await takeIn(eventStore, arriving('file:1', lines)), counted)
      t.same(await deadLetters(eventStore), await deadLetters(whole))
      t.equal(await eventStore.head(), await whole.head())
    }
  },
)

void t.test('of many who bring the same records at once, one brings each', async (t) => {
  const eventStore = openLog(t)
  const ids = Array.from({ length: 50 }, (_, n) => `r${n}`)
  const taken = await Promise.all(
    Array.from({ length: 8 }, (_, caller) =>
      takeIn(
        eventStore,
        arriving(
          `file:${caller}`,
          ids.map((id) => line(id)),
        ),
      ),
    ),
  )
  t.equal(
    taken.reduce((sum, { appended }) => sum + appended, 0),
    50,
  )
  t.equal(
    taken.reduce((sum, { duplicates }) => sum + duplicates, 0),
    7 * 50,
  )
  t.equal(await eventStore.head(), 50)
})

void t.test('of many who contradict each other at once, one stands and the others are kept', async (t) => {
  const eventStore = openLog(t)
  const taken = await Promise.all(
    Array.from({ length: 8 }, (_, caller) =>
      takeIn(eventStore, arriving(`file:${caller}`, [line('a', caller)])),
    ),
  )
  t.equal(
    taken.reduce((sum, { appended }) => sum + appended, 0),
    1,
  )
  t.equal((await deadLetters(eventStore)).length, 7)
})

void t.test('where the fence does not hold, nothing is taken', async (t) => {
  const eventStore = openLog(t)
  const claim = {
    id: '6a8f3c1e-0000-5000-8000-000000000001',
    stream: 'source-x',
    type: 'SourceClaimed',
    data: {},
    metadata: {},
  }
  const fence = { events: [claim], expect: [{ stream: 'source-x', revision: 3 }] }
  await t.rejects(takeIn(eventStore, arriving('file:1', [line('a'), 'nonsense']), fence), {
    code: 'revision-conflict',
  })
  t.equal(await eventStore.head(), 0)
})
