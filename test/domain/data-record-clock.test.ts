import t from 'tap'
import {
  advance,
  clockAdvanced,
  clockStream,
  reading,
  setLateness,
  tick,
  unsetClock,
  type DataRecordClock,
} from '../../domain/data-record-clock.js'
import { deciding } from '../given-when-then.js'

type Step = { readonly recordedAt: number } | { readonly advancedTo: number } | { readonly lateness: number }

const { given } = deciding<DataRecordClock, Step, never>(unsetClock, (clock, step) => {
  if ('recordedAt' in step) return { state: tick(clock, step.recordedAt), raised: [] }
  if ('advancedTo' in step) return { state: advance(clock, step.advancedTo), raised: [] }
  return { state: setLateness(clock, step.lateness), raised: [] }
})
const now = (step: Step, ...past: Step[]) => reading(given(...past).when(step).state)

void t.test('before the first record it stands at the beginning of time', async (t) => {
  t.equal(reading(unsetClock), -Infinity)
  t.equal(now({ lateness: 5 }), -Infinity, 'a lateness alone does not start it')
})

void t.test('it is the greatest event time so far', async (t) => {
  t.equal(now({ recordedAt: 100 }), 100)
  t.equal(now({ recordedAt: 200 }, { recordedAt: 100 }), 200)
  t.equal(now({ recordedAt: 100 }, { recordedAt: 200 }), 200, 'it never goes back')
  t.equal(now({ recordedAt: -5 }), -5, 'also before 1970')
})

void t.test('it stays the same object where nothing moves it', async (t) => {
  const { before, state } = given({ recordedAt: 200 }).when({ recordedAt: 200 })
  t.equal(state, before)
})

void t.test('it stays the allowed lateness behind', async (t) => {
  t.equal(now({ recordedAt: 100 }, { lateness: 30 }), 70)
  t.equal(now({ recordedAt: 120 }, { lateness: 30 }, { recordedAt: 110 }), 90)
  t.equal(now({ recordedAt: 105 }, { lateness: 30 }, { recordedAt: 110 }), 80)
})

void t.test('a greater lateness holds it back until event time has caught up', async (t) => {
  const past: Step[] = [{ recordedAt: 100 }, { lateness: 30 }]
  t.equal(now({ lateness: 30 }, { recordedAt: 100 }), 100, 'it never goes back')
  t.equal(now({ recordedAt: 125 }, ...past), 100)
  t.equal(now({ recordedAt: 135 }, ...past), 105)
})

void t.test(
  'a smaller lateness moves it on at once, from the greatest event time and not from the next',
  async (t) => {
    const past: Step[] = [{ lateness: 30 }, { recordedAt: 100 }]
    t.equal(now({ lateness: 10 }, ...past), 90)
    t.equal(now({ recordedAt: 80 }, ...past, { lateness: 10 }), 90)
  },
)

void t.test('it can be advanced, lateness or not, and never back', async (t) => {
  t.equal(now({ advancedTo: 500 }), 500, 'also before the first record')
  t.equal(now({ advancedTo: 500 }, { lateness: 30 }, { recordedAt: 100 }), 500)
  t.equal(now({ advancedTo: 400 }, { advancedTo: 500 }), 500)
  t.equal(now({ recordedAt: 490 }, { advancedTo: 500 }), 500)
  t.equal(now({ recordedAt: 510 }, { advancedTo: 500 }), 510)
  t.equal(now({ lateness: 0 }, { lateness: 30 }, { advancedTo: 500 }), 500)
})

void t.test('advancing it to the same instant is the same fact', async (t) => {
  const fact = clockAdvanced(Date.UTC(2020, 0, 1), { correlationId: 'x' })
  t.match(fact, {
    stream: clockStream,
    type: 'ClockAdvanced',
    data: { to: '2020-01-01T00:00:00Z' },
    metadata: { correlationId: 'x' },
  })
  t.equal(clockAdvanced(Date.UTC(2020, 0, 1), {}).id, fact.id)
  t.not(clockAdvanced(Date.UTC(2020, 0, 2), {}).id, fact.id)
})
