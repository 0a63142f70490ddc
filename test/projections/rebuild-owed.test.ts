import t, { type Test } from 'tap'
import { dataPlans } from '../../projections/data-plans/data-plans.js'
import { rebuild } from '../../projections/running/rebuild.js'
import { Countdown, Stopped, stoppingAppends, stoppingCommits } from './stopping.js'
import { advanced, foldToHead, openTidemark, recorded, signed, type Tidemark } from './tidemark.js'

/** A month ends for so many subscribers, and the runner is stopped while it closes their billing periods. */
async function stoppedWhileClosing(t: Test, count: number): Promise<Tidemark> {
  const tidemark = await openTidemark(t)
  const { eventStore, readStore } = tidemark
  const subscribers = Array.from({ length: count }, (_, n) => String(1_000_000 + n))
  await tidemark.append(
    ...subscribers.map((msisdn) => signed({ id: `a${msisdn}`, msisdn })),
    ...subscribers.map((msisdn) => recorded('r', '2020-01-20T00:00:00Z', 1, msisdn)),
  )
  await tidemark.fold(dataPlans)
  await tidemark.append(advanced('2020-02-01T00:00:00Z'))
  await t.rejects(foldToHead(dataPlans, eventStore, stoppingCommits(readStore, new Countdown(1))), Stopped)
  return tidemark
}

void t.test(
  'what a stopped runner had derived and not sent is sent before its build is replaced',
  async (t) => {
    const tidemark = await openTidemark(t)
    const { eventStore, readStore } = tidemark
    await tidemark.append(signed({ id: 'a', max: 10 }), recorded('r', '2020-01-10T00:00:00Z', 10))
    await t.rejects(foldToHead(dataPlans, stoppingAppends(eventStore, new Countdown(0)), readStore), Stopped)
    t.same((await rebuild(dataPlans, tidemark)).derivedDifferences, [])
    t.same(await tidemark.notified(), ['DATA_PLAN_EXCEEDED a/2020-01 10'])
    await tidemark.fold()
    t.equal((await tidemark.notified()).length, 1)
    t.same(await tidemark.differences(), [])
  },
)

void t.test('closings that a stopped runner still owed are sent before its build is replaced', async (t) => {
  const tidemark = await stoppedWhileClosing(t, 1_500)
  t.same((await rebuild(dataPlans, tidemark)).derivedDifferences, [])
  await tidemark.fold()
  t.equal((await tidemark.notified()).length, 1_500)
  t.same(await tidemark.differences(), [])
})

void t.test('closings that another version owed are sent by the one that takes its place', async (t) => {
  const tidemark = await stoppedWhileClosing(t, 2_500)
  t.ok((await tidemark.notified()).length < 2_500, 'it was stopped in the middle')
  const next = { ...dataPlans, version: dataPlans.version + 1 }
  t.match(await rebuild(next, tidemark), { derivedDifferences: [] })
  t.equal((await tidemark.notified()).length, 2_500)
  t.same(await tidemark.differences(next), [])
})

void t.test('a version that is stopped before it has sent them does so the next time', async (t) => {
  const tidemark = await stoppedWhileClosing(t, 2_500)
  const next = { ...dataPlans, version: dataPlans.version + 1 }
  const stopping = new AbortController()
  const onProgress = (position: number, target: number) => position === target && stopping.abort()
  const stopped = rebuild(next, { ...tidemark, signal: stopping.signal, onProgress })
  await t.rejects(stopped, { code: 'rebuild-stopped' })
  t.equal(
    (await tidemark.readStore.live(next.name))?.version,
    dataPlans.version,
    'the live build is as it was',
  )
  t.match(await rebuild(next, tidemark), { derivedDifferences: [] })
  t.equal((await tidemark.notified()).length, 2_500)
  t.same(await tidemark.differences(next), [])
})
