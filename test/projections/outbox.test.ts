import t, { type Test } from 'tap'
import type { NewEvent, RecordedEvent } from '../../domain/event.js'
import type { EventStore } from '../../event-store/port.js'
import { dataPlans } from '../../projections/data-plans/data-plans.js'
import { moneyEnriched } from '../../projections/money/money-enriched.js'
import { Outbox, outboxCollection } from '../../projections/running/outbox.js'
import { Fold } from '../../projections/running/fold.js'
import { openEmbeddedReadStore } from '../../read-store/embedded/embedded.js'
import type { Build } from '../../read-store/port.js'
import { moved } from './money.js'
import { Countdown, stoppingAppends, stoppingCommits, Stopped, unansweredAppends } from './stopping.js'
import {
  advanced,
  foldToHead,
  liveBuild,
  openTidemark,
  recorded,
  signed,
  temporaryFolder,
  textsOf,
  wholeLog,
  type Tidemark,
} from './tidemark.js'

const exceeding = [signed({ id: 'a', max: 10 }), recorded('r', '2020-01-10T00:00:00Z', 10)]

/** Steps in which thirty plans are exceeded, their periods closed, and corrected. */
function ninetyNotifications(): NewEvent[][] {
  const subscribers = Array.from({ length: 30 }, (_, n) => `48${n}`)
  return [
    subscribers.map((msisdn) => signed({ id: `a${msisdn}`, msisdn, max: 10 })),
    subscribers.map((msisdn) => recorded('r1', '2020-01-10T00:00:00Z', 10, msisdn)),
    [advanced('2020-02-01T00:00:00Z')],
    subscribers.map((msisdn) => recorded('r2', '2020-01-11T00:00:00Z', 10, msisdn)),
  ]
}

async function outboxOf(tidemark: Tidemark): Promise<number> {
  return (await tidemark.live()).count(outboxCollection)
}

void t.test('what was derived leaves the outbox once it is in the log', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(...exceeding)
  await tidemark.fold(dataPlans)
  t.equal(await outboxOf(tidemark), 0)
  t.same(await tidemark.notified(), ['DATA_PLAN_EXCEEDED a/2020-01 10'])
})

void t.test('stopped between the commit and the append: the next start appends', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(...exceeding)
  const { eventStore, readStore } = tidemark
  await t.rejects(foldToHead(dataPlans, stoppingAppends(eventStore, new Countdown(0)), readStore), Stopped)
  t.same(await tidemark.notified(), [])
  t.equal(await outboxOf(tidemark), 1)
  t.match(
    await tidemark.period('a/2020-01'),
    { notified: { exceeded: true } },
    'the document says so already',
  )
  t.same(await tidemark.differences(), [], 'what is on its way is not missing')
  await tidemark.fold(dataPlans)
  t.same(await tidemark.notified(), ['DATA_PLAN_EXCEEDED a/2020-01 10'])
  t.equal(await outboxOf(tidemark), 0)
  t.same(await tidemark.differences(), [])
})

void t.test(
  'stopped between two pages of what it appends: the next start goes on, however it cuts them',
  async (t) => {
    const money = Array.from({ length: 4_000 }, (_, n) =>
      moved({
        id: `m${n}`,
        user: `u${n % 50}`,
        at: new Date(Date.UTC(2020, 0, 1) + n * 1_000).toISOString(),
      }),
    )
    for (const appends of [1, 3]) {
      const tidemark = await openTidemark(t)
      await tidemark.append(...money)
      const { eventStore, readStore } = tidemark
      const stopping = stoppingAppends(eventStore, new Countdown(appends))
      await t.rejects(foldToHead(moneyEnriched, stopping, readStore), Stopped)
      t.equal((await wholeLog(eventStore, ['enriched'])).length, appends * 1_000)
      await tidemark.fold(moneyEnriched)
      t.equal((await wholeLog(eventStore, ['enriched'])).length, money.length)
      t.same(await tidemark.differences(moneyEnriched), [])
    }
  },
)

void t.test('stopped between the append and its answer: the next start appends nothing more', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(...exceeding)
  const { eventStore, readStore } = tidemark
  await t.rejects(foldToHead(dataPlans, unansweredAppends(eventStore, new Countdown(0)), readStore), Stopped)
  t.equal(await outboxOf(tidemark), 1)
  await tidemark.fold(dataPlans)
  t.same(await tidemark.notified(), ['DATA_PLAN_EXCEEDED a/2020-01 10'])
  t.equal(await outboxOf(tidemark), 0)
})

void t.test(
  'stopped again and again, in the outbox and before it, each notification is sent once',
  async (t) => {
    const tidemark = await openTidemark(t)
    const { eventStore, readStore } = tidemark
    for (const step of ninetyNotifications()) {
      await tidemark.append(...step)
      for (const calls of [0, 0, 1, 1, 2]) {
        const stopping = unansweredAppends(
          stoppingAppends(eventStore, new Countdown(calls)),
          new Countdown(calls - 1),
        )
        const commits = stoppingCommits(readStore, new Countdown(calls + 1))
        await foldToHead(dataPlans, stopping, commits).catch((error: unknown) => {
          if (!(error instanceof Stopped)) throw error
        })
      }
    }
    await tidemark.fold(dataPlans)
    const notified = await tidemark.notified()
    t.equal(notified.length, 90)
    t.equal(new Set(notified).size, 90)
    const sent = (type: string) => notified.filter((text) => text.startsWith(type)).length
    t.same(
      [sent('DATA_PLAN_EXCEEDED'), sent('BILLING_PERIOD_CLOSED'), sent('BILLING_PERIOD_CORRECTED')],
      [30, 30, 30],
    )
    t.same(await tidemark.differences(), [])
  },
)

void t.test('closings that a stop cut short between slices are finished by the next start', async (t) => {
  const tidemark = await openTidemark(t)
  const { eventStore, readStore } = tidemark
  const subscribers = Array.from({ length: 2_500 }, (_, n) => String(1_000_000 + n))
  await tidemark.append(
    ...subscribers.map((msisdn) => signed({ id: `a${msisdn}`, msisdn })),
    ...subscribers.map((msisdn) => recorded('r', '2020-01-20T00:00:00Z', 1, msisdn)),
  )
  await tidemark.fold(dataPlans)
  await tidemark.append(advanced('2020-02-01T00:00:00Z'))
  const open = async () =>
    Object.values(await textsOf(await tidemark.live(), 'billing-periods')).filter((text) =>
      text.includes('"status":"open"'),
    ).length
  // Some slices make a unit of work, the first one with the clock as well.
  await t.rejects(foldToHead(dataPlans, eventStore, stoppingCommits(readStore, new Countdown(1))), Stopped)
  t.equal(await open(), 500)
  t.equal(await (await tidemark.live()).checkpoint(), 5_001, 'the clock itself is folded')
  t.same(await tidemark.differences(), [], 'what is still owed is no difference')
  await tidemark.fold(dataPlans)
  t.equal(await open(), 0)
  const notifications = await tidemark.notifications()
  t.equal(notifications.length, 2_500)
  t.ok(notifications.every(({ type, revision }) => type === 'BillingPeriodClosed' && revision === 0))
  t.same(await tidemark.differences(), [])
})

/** A new read store folds an old log page by page, each of them durable before the next. */
async function buildAnew(t: Test, eventStore: EventStore, eventsAPage: number): Promise<Build> {
  const readStore = await openEmbeddedReadStore(temporaryFolder(t))
  t.teardown(() => readStore.close())
  const build = await liveBuild(dataPlans, readStore)
  const fold = await Fold.open(dataPlans, build, await Outbox.open(build, eventStore, 0))
  while (fold.position < (await eventStore.head())) {
    await fold.apply(await eventStore.readAll({ after: fold.position, limit: eventsAPage }))
    await fold.settle()
  }
  t.equal(await build.count(outboxCollection), 0)
  return build
}

void t.test('a new read store appends nothing that is in the log already', async (t) => {
  const { tidemark, notified } = await manyNotifications(t)
  for (const eventsAPage of [1, 7, 1_000]) {
    const build = await buildAnew(t, stoppingAppends(tidemark.eventStore, new Countdown(0)), eventsAPage)
    t.same(
      await textsOf(build, 'billing-periods'),
      await textsOf(await tidemark.live(), 'billing-periods'),
      `${eventsAPage} events a page`,
    )
  }
  t.same(await tidemark.notified(), notified)
})

void t.test('a new read store appends what an old log lacks, and nothing else', async (t) => {
  const { tidemark, notified } = await manyNotifications(t)
  const whole = await wholeLog(tidemark.eventStore)
  for (const kept of [0, 1, 40, notified.length - 1]) {
    const cut = await openTidemark(t)
    let notifications = 0
    const isKept = ({ stream }: RecordedEvent) => !stream.startsWith('billing-') || notifications++ < kept
    await cut.append(...whole.filter(isKept))
    await buildAnew(t, cut.eventStore, 7)
    t.same((await cut.notified()).sort(), [...notified].sort(), `${kept} were in the log`)
    t.equal(await cut.eventStore.head(), whole.length)
  }
})

async function manyNotifications(t: Test) {
  const tidemark = await openTidemark(t)
  for (const step of ninetyNotifications()) {
    await tidemark.append(...step)
    await tidemark.fold(dataPlans)
  }
  const notified = await tidemark.notified()
  t.equal(notified.length, 90)
  return { tidemark, notified }
}
