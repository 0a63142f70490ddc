import t from 'tap'
import type { NewEvent } from '../../domain/event.js'
import { dataPlans } from '../../projections/data-plans/data-plans.js'
import { projections } from '../../projections/index.js'
import { rebuild } from '../../projections/running/rebuild.js'
import { verify } from '../../projections/running/verify.js'
import { run } from './running.js'
import { Countdown, Stopped, stoppingAppends } from './stopping.js'
import { documentsOf, foldToHead, openTidemark, recorded, signed } from './tidemark.js'

const first = [signed({ id: 'a', max: 100 }), recorded('r1', '2020-01-10T00:00:00Z', 10)]

/** What the log held before it was restored, and what it holds now. */
const histories: Record<string, readonly [before: readonly NewEvent[], now: readonly NewEvent[]]> = {
  'another log': [
    [...first, recorded('r2', '2020-01-11T00:00:00Z', 10)],
    [signed({ id: 'a', max: 5 }), recorded('s1', '2020-01-10T00:00:00Z', 7)],
  ],
  'a log as long': [
    [...first, recorded('r2', '2020-01-11T00:00:00Z', 10)],
    [...first, recorded('s2', '2020-01-11T00:00:00Z', 7)],
  ],
  'a shorter log': [[...first, recorded('r2', '2020-01-11T00:00:00Z', 10)], first],
  'a log that has grown otherwise': [
    [...first, recorded('r2', '2020-01-11T00:00:00Z', 10)],
    [
      ...first,
      recorded('s2', '2020-01-12T00:00:00Z', 7),
      recorded('s3', '2020-01-13T00:00:00Z', 7),
      recorded('s4', '2020-02-13T00:00:00Z', 7),
    ],
  ],
}

for (const [name, [before, now]] of Object.entries(histories)) {
  void t.test(`${name}: its runner builds everything again`, async (t) => {
    const { eventStore: former, readStore } = await openTidemark(t)
    await former.append(before)
    for (const projection of projections) await foldToHead(projection, former, readStore)
    const tidemark = await openTidemark(t)
    const { eventStore } = tidemark
    await eventStore.append(now)
    await t.rejects(verify(dataPlans, { eventStore, readStore }), { code: 'other-log' })
    const running = run(t, eventStore, readStore, projections)
    const isRebuilt = (projection: string) =>
      running.reported((report) => {
        return report.type === 'rebuilt' && report.projection === projection
      })
    await isRebuilt(dataPlans.name)
    await running.stop()
    t.ok(running.reports.some((report) => report.type === 'warning' && /restored/.test(report.warning)))
    t.same((await verify(dataPlans, { eventStore, readStore })).differences, [])
    await tidemark.fold()
    const live = await readStore.live(dataPlans.name)
    t.same(await documentsOf(live!, 'billing-periods'), await tidemark.documents('billing-periods'))
  })
}

void t.test('the same log is gone on with', async (t) => {
  const { eventStore, readStore } = await openTidemark(t)
  await eventStore.append(first)
  for (const projection of projections) await foldToHead(projection, eventStore, readStore)
  const before = await readStore.live(dataPlans.name)
  await eventStore.append([recorded('r2', '2020-01-11T00:00:00Z', 10)])
  const running = run(t, eventStore, readStore, projections)
  for (const { name } of projections) await running.folded(name)
  await running.stop()
  t.equal((await readStore.live(dataPlans.name))?.build, before?.build)
  t.same(
    running.reports.map(({ type }) => type),
    ['started'],
  )
})

void t.test('what another log still owed is not sent to this one', async (t) => {
  const { eventStore: former, readStore } = await openTidemark(t)
  await former.append([signed({ id: 'a', max: 5 }), recorded('r1', '2020-01-10T00:00:00Z', 10)])
  // The notification stands in the outbox, and did not reach the log.
  const stopping = stoppingAppends(former, new Countdown(0))
  await t.rejects(foldToHead(dataPlans, stopping, readStore), Stopped)
  const { eventStore } = await openTidemark(t)
  await eventStore.append([signed({ id: 'b', max: 5 }), recorded('s1', '2020-01-10T00:00:00Z', 1)])
  const rebuilt = await rebuild(dataPlans, { eventStore, readStore })
  t.match(rebuilt, { events: 2, derivedDifferences: [] })
  t.equal(await eventStore.head(), 2)
  t.same((await verify(dataPlans, { eventStore, readStore })).differences, [])
})
