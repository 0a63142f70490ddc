import t from 'tap'
import { advanceClock, setAllowedLateness } from '../../commands/advance-clock.js'
import { wholeLog } from '../projections/tidemark.js'
import { openLog } from '../event-store/open-log.js'

const day = Date.UTC(2020, 0, 1)

void t.test('advancing is a fact, and the same instant is the same fact', async (t) => {
  const eventStore = openLog(t)
  t.equal(await advanceClock(eventStore, day), 1)
  t.equal(await advanceClock(eventStore, day + 1), 2)
  t.equal(await advanceClock(eventStore, day), 1)
  t.match(await wholeLog(eventStore), [
    { stream: 'clock-data-records', type: 'ClockAdvanced', data: { to: '2020-01-01T00:00:00Z' } },
    { stream: 'clock-data-records', type: 'ClockAdvanced', data: { to: '2020-01-01T00:00:00.001Z' } },
  ])
})

void t.test('the allowed lateness is a fact when it is another one, and only then', async (t) => {
  const eventStore = openLog(t)
  await setAllowedLateness(eventStore, 0)
  await setAllowedLateness(eventStore, undefined)
  t.equal(await eventStore.head(), 0, 'none is what holds without a fact')
  for (const milliseconds of [5, 5, 0, 0, 5]) await setAllowedLateness(eventStore, milliseconds)
  t.same(
    (await wholeLog(eventStore)).map(({ data }) => data),
    [{ milliseconds: 5 }, { milliseconds: 0 }, { milliseconds: 5 }],
  )
  await setAllowedLateness(eventStore, undefined)
  t.equal(await eventStore.head(), 3, 'one that is not set stays')
})

void t.test('finds the lateness that holds behind any number of advances', async (t) => {
  for (const advances of [99, 100, 101, 250]) {
    const eventStore = openLog(t)
    await setAllowedLateness(eventStore, 7)
    await Promise.all(Array.from({ length: advances }, (_, n) => advanceClock(eventStore, day + n)))
    await setAllowedLateness(eventStore, 7)
    t.equal(await eventStore.head(), advances + 1)
    await setAllowedLateness(eventStore, 0)
    t.equal(await eventStore.head(), advances + 2)
  }
})
