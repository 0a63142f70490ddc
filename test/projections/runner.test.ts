import t from 'tap'
import { dataPlans } from '../../projections/data-plans/data-plans.js'
import { failureId, runnerCollection } from '../../projections/running/notes.js'
import { projections } from '../../projections/index.js'
import { notifications } from '../../projections/notifications.js'
import { count, counted, counting } from './counting.js'
import { run } from './running.js'
import { Countdown, stoppingAppends, stoppingCommits, unansweredAppends } from './stopping.js'
import { openTidemark, recorded, signed, type Tidemark } from './tidemark.js'

async function failure(tidemark: Tidemark): Promise<unknown> {
  const [row] = await (await tidemark.live('counting')).getMany(runnerCollection, [failureId])
  return row && JSON.parse(row.text)
}

void t.test('keeps all projections up with the log, and with what they derive', async (t) => {
  const tidemark = await openTidemark(t)
  const { eventStore, readStore } = tidemark
  const running = run(t, eventStore, readStore, projections)
  await running.reported(({ type }) => type === 'started')
  await tidemark.append(signed({ id: 'a', max: 10 }), recorded('r1', '2020-01-10T00:00:00Z', 10))
  await running.folded(dataPlans.name)
  await tidemark.append(recorded('r2', '2020-02-01T00:00:00Z', 1))
  while ((await eventStore.head()) < 5) await running.folded(dataPlans.name)
  await running.folded(notifications.name)
  await running.stop()
  t.same(await tidemark.notified(), ['DATA_PLAN_EXCEEDED a/2020-01 10', 'BILLING_PERIOD_CLOSED a/2020-01 10'])
  t.equal(Object.keys(await tidemark.documents('notifications', 'notifications')).length, 2)
  for (const projection of projections) t.same(await tidemark.differences(projection), [])
})

void t.test(
  'a handler that fails stops its projection only, and the build says at what and why',
  async (t) => {
    const tidemark = await openTidemark(t)
    const { eventStore, readStore } = tidemark
    const bad = counted({ fails: true })
    await tidemark.append(counted(), counted(), bad, counted())
    const running = run(t, eventStore, readStore, [counting({ mended: false }), ...projections])
    const report = await running.reported(({ type }) => type === 'failed')
    t.match(report, {
      projection: 'counting',
      error: { code: 'projection-failed', message: /it cannot be counted/ },
    })
    t.match(await failure(tidemark), {
      reason: `projection counting failed on Counted ${bad.id} at position 3: it cannot be counted`,
      position: 3,
      eventId: bad.id,
      eventType: 'Counted',
    })
    await tidemark.append(signed({ id: 'a' }), recorded('r', '2020-01-10T00:00:00Z', 10))
    await running.folded(dataPlans.name)
    t.match(await tidemark.period('a/2020-01'), { recordCount: 1 }, 'the others go on')
    t.ok((await (await tidemark.live('counting')).checkpoint()) < 3)
  },
)

void t.test('a failure is not forgotten when its note cannot be left at once', async (t) => {
  const tidemark = await openTidemark(t)
  const commits = new Countdown(0)
  const readStore = stoppingCommits(tidemark.readStore, commits)
  await tidemark.append(counted({ fails: true }))
  const running = run(t, tidemark.eventStore, readStore, [counting({ mended: false })])
  await running.reported(({ type }) => type === 'trouble')
  commits.set(Infinity)
  await running.reported(({ type }) => type === 'failed')
  t.match(await failure(tidemark), { position: 1 })
})

void t.test('goes on after the next start, once the handler is mended', async (t) => {
  const tidemark = await openTidemark(t)
  const { eventStore, readStore } = tidemark
  await tidemark.append(counted(), counted({ fails: true }))
  const failing = run(t, eventStore, readStore, [counting({ mended: false })])
  await failing.reported(({ type }) => type === 'failed')
  await failing.stop()
  const again = run(t, eventStore, readStore, [counting({ mended: false })])
  await again.reported(({ type }) => type === 'failed')
  await again.stop()
  t.match(await failure(tidemark), { position: 2 }, 'it failed again, and still says so')
  const mended = run(t, eventStore, readStore, [counting()])
  await mended.folded('counting')
  await mended.stop()
  t.equal(await count(tidemark), '{"n":2}')
  t.equal(await failure(tidemark), undefined)
})

void t.test('an asynchronous handler and a touch that fail stop their projection likewise', async (t) => {
  const asynchronous = counting({
    handlers: { Counted: async () => Promise.reject(new Error('it cannot be counted')) },
  })
  const touching = counting({
    touch: () => {
      throw new Error('it cannot be counted')
    },
  })
  for (const projection of [asynchronous, touching]) {
    const tidemark = await openTidemark(t)
    const { eventStore, readStore } = tidemark
    await tidemark.append(counted(), signed({ id: 'a' }), recorded('r', '2020-01-10T00:00:00Z', 10))
    const running = run(t, eventStore, readStore, [projection, ...projections])
    await running.reported(({ type }) => type === 'failed')
    await running.folded(dataPlans.name)
    await running.stop()
    t.match(await failure(tidemark), { reason: /it cannot be counted/, position: 1, eventType: 'Counted' })
    t.match(await tidemark.period('a/2020-01'), { recordCount: 1 })
  }
})

void t.test('a debt that cannot be paid stops its projection, at once and at the next start', async (t) => {
  const tidemark = await openTidemark(t)
  const { eventStore, readStore } = tidemark
  const indebted = counting({
    debt: {
      owes: (documents) => documents.get('counts', 'all') !== undefined,
      pay: async () => Promise.reject(new Error('it cannot be paid')),
    },
  })
  await tidemark.append(counted(), signed({ id: 'a' }), recorded('r', '2020-01-10T00:00:00Z', 10))
  for (let start = 0; start < 2; start++) {
    const running = run(t, eventStore, readStore, [indebted, ...projections])
    await running.reported(({ type }) => type === 'failed')
    await running.folded(dataPlans.name)
    await running.stop()
    t.match(await failure(tidemark), { reason: /it cannot be paid/ })
    t.match(await tidemark.period('a/2020-01'), { recordCount: 1 })
  }
})

void t.test('a failure is noted also while a unit of work is on its way to the disk', async (t) => {
  const tidemark = await openTidemark(t)
  const { eventStore, readStore } = tidemark
  // Enough events for a unit of its own, and then one that fails.
  const many = Array.from({ length: 20_000 }, () => counted())
  await tidemark.append(...many)
  await tidemark.append(counted({ fails: true }))
  const running = run(t, eventStore, readStore, [counting({ mended: false })])
  await running.reported(({ type }) => type === 'failed')
  await running.stop()
  t.match(await failure(tidemark), { reason: /it cannot be counted/ })
  t.equal(running.reports.filter(({ type }) => type === 'failed').length, 1)
})

void t.test('stores that fail for a while stop nothing for good', async (t) => {
  const tidemark = await openTidemark(t)
  const appends = new Countdown(0)
  const commits = new Countdown(1)
  const running = run(
    t,
    stoppingAppends(tidemark.eventStore, appends),
    stoppingCommits(tidemark.readStore, commits),
    projections,
  )
  await tidemark.append(signed({ id: 'a', max: 10 }), recorded('r', '2020-01-10T00:00:00Z', 10))
  await running.reported(({ type }) => type === 'trouble')
  commits.set(Infinity)
  appends.set(Infinity)
  while ((await tidemark.notified()).length === 0) await running.folded(dataPlans.name)
  await running.stop()
  t.same(await tidemark.notified(), ['DATA_PLAN_EXCEEDED a/2020-01 10'])
  t.same(
    running.reports.filter(({ type }) => type === 'failed'),
    [],
  )
})

void t.test('stores that fail while a handler asks them stop nothing for good either', async (t) => {
  const tidemark = await openTidemark(t)
  const { eventStore, readStore } = tidemark
  // The agreement asks for records, so those of the same page have to reach the disk before.
  const commits = new Countdown(0)
  await tidemark.append(
    signed({ id: 'a' }),
    recorded('r', '2020-01-10T00:00:00Z', 10),
    signed({ id: 'b', starts: '2020-01-05T00:00:00Z' }),
  )
  const running = run(t, eventStore, stoppingCommits(readStore, commits), [dataPlans])
  const report = await running.reported(({ type }) => type === 'trouble' || type === 'failed')
  t.equal(report.type, 'trouble')
  commits.set(Infinity)
  await running.folded(dataPlans.name)
  await running.stop()
  t.match(await tidemark.period('b/2020-01'), { recordCount: 1 })
  t.equal(await tidemark.period('a/2020-01'), undefined)
})

void t.test('an append that was made but never answered is not made twice', async (t) => {
  const tidemark = await openTidemark(t)
  const answers = new Countdown(0)
  const running = run(t, unansweredAppends(tidemark.eventStore, answers), tidemark.readStore, [dataPlans])
  await tidemark.append(signed({ id: 'a', max: 10 }), recorded('r', '2020-01-10T00:00:00Z', 10))
  await running.reported(({ type }) => type === 'trouble')
  answers.set(Infinity)
  await running.folded(dataPlans.name)
  await running.stop()
  t.same(await tidemark.notified(), ['DATA_PLAN_EXCEEDED a/2020-01 10'])
  t.same(await tidemark.differences(), [])
})

void t.test(
  'of two runners of one projection, both may go on, and everything has its effect once',
  async (t) => {
    const tidemark = await openTidemark(t)
    const { eventStore, readStore } = tidemark
    const [one, two] = [
      run(t, eventStore, readStore, projections),
      run(t, eventStore, readStore, projections),
    ]
    for (let day = 10; day < 30; day++) {
      await tidemark.append(
        signed({ id: `a${day}`, msisdn: String(day), max: 10 }),
        recorded('r1', `2020-01-${day}T00:00:00Z`, 10, String(day)),
        recorded('r2', `2020-02-${day}T00:00:00Z`, 10, String(day)),
      )
      await one.folded(dataPlans.name)
    }
    while ((await eventStore.head()) < 120) await two.folded(dataPlans.name)
    await one.folded(notifications.name)
    await one.stop()
    await two.stop()
    t.equal(new Set(await tidemark.notified()).size, 60)
    t.equal((await tidemark.notified()).length, 60)
    for (const projection of projections) t.same(await tidemark.differences(projection), [])
  },
)
