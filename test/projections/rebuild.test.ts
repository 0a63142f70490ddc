import t from 'tap'
import { dataPlans } from '../../projections/data-plans/data-plans.js'
import { failureId, runnerCollection } from '../../projections/running/notes.js'
import { projections } from '../../projections/index.js'
import type { Projection } from '../../projections/projection.js'
import { rebuild } from '../../projections/running/rebuild.js'
import type { Build, ReadStore } from '../../read-store/port.js'
import { count, counted, counting } from './counting.js'
import { run } from './running.js'
import { Countdown, stoppingCommits } from './stopping.js'
import { openTidemark, recorded, signed, textsOf, type Tidemark } from './tidemark.js'

/** A month of a few subscribers, closed, with a late record. */
async function lived(tidemark: Tidemark): Promise<void> {
  const subscribers = ['1', '2', '3']
  await tidemark.append(
    ...subscribers.map((msisdn) => signed({ id: `a${msisdn}`, msisdn, max: 10 })),
    ...subscribers.map((msisdn) => recorded('r1', '2020-01-10T00:00:00Z', 10, msisdn)),
    recorded('r2', '2020-02-01T00:00:00Z', 5, '1'),
    recorded('unmatched', '2020-02-01T00:00:00Z', 5, '9'),
  )
  await tidemark.fold()
  await tidemark.append(recorded('late', '2020-01-11T00:00:00Z', 1, '2'))
  await tidemark.fold()
}

async function everything(tidemark: Tidemark, projection: Projection) {
  const build = await tidemark.live(projection.name)
  const names = Object.keys(projection.collections)
  return Promise.all(names.map(async (name) => [name, await textsOf(build, name)] as const))
}

void t.test('a rebuild gives the same documents to the byte, and appends nothing', async (t) => {
  const tidemark = await openTidemark(t)
  await lived(tidemark)
  const head = await tidemark.eventStore.head()
  for (const projection of projections) {
    const before = await tidemark.live(projection.name)
    const documents = await everything(tidemark, projection)
    const rebuilt = await rebuild(projection, tidemark)
    t.match(rebuilt, { name: projection.name, version: projection.version, derivedDifferences: [] })
    t.equal(
      rebuilt.documents,
      documents.reduce((sum, [, texts]) => sum + Object.keys(texts).length, 0),
    )
    t.same(await everything(tidemark, projection), documents)
    t.not((await tidemark.live(projection.name)).build, before.build, 'it is another build')
    await t.rejects(before.checkpoint(), { code: 'fenced' }, 'and the one before is gone')
  }
  t.equal(await tidemark.eventStore.head(), head)
  await tidemark.fold()
  t.equal(await tidemark.eventStore.head(), head, 'nor is anything sent again after it')
})

void t.test('a rebuild of what was never built goes to the end of the log', async (t) => {
  const tidemark = await openTidemark(t)
  await lived(tidemark)
  const documents = await everything(tidemark, dataPlans)
  const notified = await tidemark.notified()
  const other = await openTidemark(t)
  const { events } = await tidemark.eventStore.readAll({ after: 0, limit: 1_000 })
  const derives = new Set(dataPlans.derives)
  await other.append(...events.filter(({ type }) => !derives.has(type)))
  const rebuilt = await rebuild(dataPlans, other)
  t.match(rebuilt, { events: 9, derivedDifferences: [] })
  t.same(await everything(other, dataPlans), documents)
  t.same((await other.notified()).sort(), notified.sort(), 'what follows from the log is in it now')
  await other.fold()
  t.same((await other.notified()).length, notified.length, 'once')
})

void t.test('goes on from a rebuild as if there had been none', async (t) => {
  const tidemark = await openTidemark(t)
  await lived(tidemark)
  await rebuild(dataPlans, tidemark)
  await tidemark.append(
    recorded('later', '2020-01-12T00:00:00Z', 1, '2'),
    recorded('r3', '2020-03-01T00:00:00Z', 1, '1'),
  )
  await tidemark.fold()
  t.same((await tidemark.notified()).slice(-2).sort(), [
    'BILLING_PERIOD_CLOSED a1/2020-02 5',
    'BILLING_PERIOD_CORRECTED a2/2020-01 12 was 11',
  ])
  t.same(await tidemark.differences(), [])
})

void t.test(
  'readers find all documents at any time, while it is rebuilt and events go on coming',
  async (t) => {
    const tidemark = await openTidemark(t)
    const { eventStore, readStore } = tidemark
    await tidemark.append(counted())
    const running = run(t, eventStore, readStore, [counting()])
    await running.folded('counting')
    let rebuilding = true
    const seen: number[] = []
    const reading = (async () => {
      while (rebuilding) seen.push(await readCount(readStore))
    })()
    for (let n = 0; n < 10; n++) {
      await tidemark.append(counted(), counted())
      await Promise.all([rebuild(counting(), tidemark), tidemark.append(counted())])
    }
    rebuilding = false
    await reading
    await running.folded('counting')
    await running.stop()
    t.equal(await count(tidemark), '{"n":31}')
    t.ok(seen.length > 10)
    t.ok(
      seen.every((n, at) => n >= (seen[at - 1] ?? 1)),
      'what they find never goes back',
    )
    t.same(await tidemark.differences(counting()), [])
  },
)

/** A build that is replaced while it is read is asked for again. */
async function readCount(readStore: ReadStore): Promise<number> {
  for (;;) {
    const build = (await readStore.live('counting')) as Build
    const [row] = await build.getMany('counts', ['all']).catch((error: { code?: string }) => {
      if (error.code === 'fenced') return [undefined]
      throw error
    })
    await new Promise((resolve) => setImmediate(resolve))
    if (row) return (JSON.parse(row.text) as { n: number }).n
    if ((await readStore.live('counting'))?.build === build.build) throw new Error('there is a gap')
  }
}

void t.test(
  'a new version is built beside the old one, which readers see until it is complete',
  async (t) => {
    const tidemark = await openTidemark(t)
    const { eventStore, readStore } = tidemark
    await tidemark.append(counted(), counted())
    const before = run(t, eventStore, readStore, [counting(), ...projections])
    await before.folded('counting')
    await before.stop()
    let open: () => void = () => {}
    const gate = new Promise<void>((resolve) => (open = resolve))
    const slow = counting({
      version: 2,
      handlers: {
        Counted: async (_, documents) => {
          await gate
          const { n } = documents.get<{ n: number }>('counts', 'all') ?? { n: 0 }
          documents.put('counts', 'all', { n: n + 100 })
        },
      },
    })
    const running = run(t, eventStore, readStore, [slow, ...projections])
    await tidemark.append(signed({ id: 'a' }), recorded('r', '2020-01-10T00:00:00Z'), counted())
    await running.folded(dataPlans.name)
    t.match(await tidemark.period('a/2020-01'), { recordCount: 1 }, 'the others go on')
    t.equal((await tidemark.live('counting')).version, 1)
    t.equal(await count(tidemark), '{"n":2}')
    open()
    await running.reported(({ type }) => type === 'rebuilt')
    await running.folded('counting')
    t.equal((await tidemark.live('counting')).version, 2)
    t.equal(await count(tidemark), '{"n":300}', 'what came meanwhile is in it')
    await tidemark.append(counted())
    await running.folded('counting')
    t.equal(await count(tidemark), '{"n":400}', 'and it goes on live')
    await running.stop()
    t.same(await tidemark.differences(slow), [])
  },
)

void t.test('a new version that fails leaves the old one where it was, with a note', async (t) => {
  const tidemark = await openTidemark(t)
  const { eventStore, readStore } = tidemark
  await tidemark.append(counted(), counted({ fails: true }))
  await tidemark.fold(counting())
  const running = run(t, eventStore, readStore, [counting({ version: 2, mended: false }), ...projections])
  await running.reported(({ type }) => type === 'failed')
  await tidemark.append(signed({ id: 'a' }), recorded('r', '2020-01-10T00:00:00Z'))
  await running.folded(dataPlans.name)
  await running.stop()
  const live = await tidemark.live('counting')
  t.equal(live.version, 1)
  t.equal(await count(tidemark), '{"n":2}')
  const [note] = await live.getMany(runnerCollection, [failureId])
  t.match(JSON.parse(note!.text), { position: 2, reason: /it cannot be counted/ })
})

void t.test('a new version is built again where the read store was away meanwhile', async (t) => {
  const tidemark = await openTidemark(t)
  const { eventStore, readStore } = tidemark
  await tidemark.append(counted(), counted())
  await tidemark.fold(counting())
  const commits = new Countdown(0)
  const running = run(t, eventStore, stoppingCommits(readStore, commits), [counting({ version: 2 })])
  await running.reported(({ type }) => type === 'trouble')
  t.equal((await tidemark.live('counting')).version, 1)
  commits.set(Infinity)
  await running.reported(({ type }) => type === 'rebuilt')
  await running.folded('counting')
  await running.stop()
  t.equal((await tidemark.live('counting')).version, 2)
  t.same(
    running.reports.filter(({ type }) => type === 'failed'),
    [],
  )
})

void t.test('a rebuild that is called off leaves everything as it was', async (t) => {
  const tidemark = await openTidemark(t)
  await lived(tidemark)
  const live = await tidemark.live()
  await t.rejects(rebuild(dataPlans, { ...tidemark, signal: AbortSignal.abort() }), {
    code: 'rebuild-stopped',
  })
  t.equal((await tidemark.live()).build, live.build)
  t.same(await tidemark.differences(), [])
})

void t.test('of two rebuilds at once, both end and one of their builds is live', async (t) => {
  const tidemark = await openTidemark(t)
  await lived(tidemark)
  const documents = await everything(tidemark, dataPlans)
  await Promise.all([rebuild(dataPlans, tidemark), rebuild(dataPlans, tidemark)])
  t.same(await everything(tidemark, dataPlans), documents)
})

void t.test('a rebuild names what it derives otherwise than the log has it', async (t) => {
  const tidemark = await openTidemark(t)
  await lived(tidemark)
  const silent: Projection = {
    ...dataPlans,
    handlers: {
      ...dataPlans.handlers,
      AgreementSigned: (event, documents) =>
        dataPlans.handlers.AgreementSigned!(
          { ...event, data: { ...event.data, maxBytesInBillingPeriod: 11 } },
          documents,
        ),
    },
  }
  const { derivedDifferences } = await rebuild(silent, tidemark)
  const named = derivedDifferences.map(({ stream, difference }) => `${stream}: ${difference}`).sort()
  t.same(
    [...new Set(named)],
    [
      'billing-period-a1-2020-01: not derived again',
      'billing-period-a1-2020-01: other content',
      'billing-period-a2-2020-01: other content',
      'billing-period-a3-2020-01: not derived again',
      'billing-period-a3-2020-01: other content',
    ],
  )
})
