import { EventEmitter, once } from 'node:events'
import t from 'tap'
import { dataPlans } from '../../projections/data-plans/data-plans.js'
import { projections } from '../../projections/index.js'
import { partitionOf } from '../../projections/running/partition.js'
import { rebuild } from '../../projections/running/rebuild.js'
import { renewEvery, Shares } from '../../projections/running/shares.js'
import { partitionStatuses } from '../../projections/running/status.js'
import type { ReadStore } from '../../read-store/port.js'
import { run } from './running.js'
import { advanced, openTidemark, recorded, signed, textsOf, type Tidemark } from './tidemark.js'

const partitions = 4
const sharing = { partitions, shared: true }

/** Forty subscribers over three months: agreements before and after their records, take-overs, late records, ends of months. */
function history() {
  const events = []
  for (let i = 0; i < 40; i++) {
    const msisdn = String(48_000 + i)
    const agreement = signed({ id: `a${i}`, msisdn, max: 30 })
    if (i % 2 === 0) events.push(agreement)
    for (let day = 1; day <= 28; day += 9) {
      const date = `-${String(day).padStart(2, '0')}T12:00:00Z`
      events.push(recorded(`${i}-1-${day}`, `2020-01${date}`, 7 + i, msisdn))
      events.push(recorded(`${i}-2-${day}`, `2020-02${date}`, 11, msisdn))
    }
    if (i % 2 === 1) events.push(agreement)
    if (i % 5 === 0) events.push(signed({ id: `b${i}`, msisdn, starts: '2020-01-15T00:00:00Z', max: 5 }))
    events.push(recorded(`${i}-late`, '2020-01-02T00:00:00Z', 1, msisdn))
  }
  return [...events, advanced('2020-04-01T00:00:00Z')]
}

async function documents(tidemark: Tidemark, projection = dataPlans.name) {
  const build = await tidemark.live(projection)
  const { clocks, ...rest } = dataPlans.collections
  return Promise.all(Object.keys(rest).map(async (name) => [name, await textsOf(build, name)] as const))
}

async function caughtUp(tidemark: Tidemark): Promise<void> {
  for (;;) {
    const head = await tidemark.eventStore.head()
    const builds = await tidemark.readStore.all()
    const positions = await Promise.all(builds.map((build) => build.checkpoint()))
    if (builds.length === projections.length && positions.every((position) => position >= head)) {
      if ((await tidemark.eventStore.head()) === head) return
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

void t.test('keys are dealt out to all partitions, each to one', (t) => {
  const owners = Array.from({ length: 1_000 }, (_, key) =>
    [...Array(partitions).keys()].filter((index) => partitionOf(index, partitions).owns(String(key))),
  )
  t.ok(owners.every(({ length }) => length === 1))
  for (let index = 0; index < partitions; index++) {
    t.ok(owners.filter(([owner]) => owner === index).length > 150, `partition ${index} has its part`)
  }
  t.end()
})

void t.test('partitions give the documents and notifications that one runner alone gives', async (t) => {
  const alone = await openTidemark(t)
  const shared = await openTidemark(t)
  for (const tidemark of [alone, shared]) await tidemark.append(...history())
  await alone.fold()
  const { eventStore, readStore } = shared
  await rebuildWith(shared)
  const runners = [
    run(t, eventStore, readStore, projections, sharing),
    run(t, eventStore, readStore, projections, sharing),
  ]
  await caughtUp(shared)
  const head = await eventStore.head()
  const statuses = await partitionStatuses(dataPlans, eventStore, readStore)
  t.match(
    statuses,
    [0, 1, 2, 3].map((partition) => ({ partition, position: head, lag: 0, runner: String })),
  )
  for (const runner of runners) await runner.stop()
  t.equal((await shared.live()).partitions, partitions)
  t.same(await documents(shared), await documents(alone), 'byte for byte')
  t.same((await shared.notified()).sort(), (await alone.notified()).sort(), 'each once')
  for (const projection of projections) t.same(await shared.differences(projection), [])
  const { derivedDifferences } = await rebuild(dataPlans, shared)
  t.same(derivedDifferences, [])
  t.equal((await shared.live()).partitions, partitions, 'a rebuild keeps them')
  t.same(await documents(shared), await documents(alone))
})

/** Builds cut into partitions, with nothing folded yet. */
async function rebuildWith({ readStore }: Tidemark): Promise<void> {
  for (const { name, version, collections } of projections) {
    const spec = { ...collections, outbox: {}, runner: {} }
    await readStore.promote(await readStore.create(name, version, spec, partitions))
  }
}

void t.test('runners share alike, and what one leaves the others take', async (t) => {
  const { readStore } = await openTidemark(t)
  const all = ['a/0', 'a/1', 'a/2', 'a/3', 'b/0']
  const held = (shares: Shares) => all.filter((share) => shares.has(share))
  const [first, second] = [new Shares(readStore), new Shares(readStore)]
  await first.settle(all)
  t.same(held(first), all, 'alone it does everything')
  await second.settle(all)
  t.same(held(second), [], 'what is held is not taken away')
  t.ok(await first.renew(all), 'but whoever has too much is told')
  await first.settle(all)
  t.equal(held(first).length, 3)
  t.ok(await second.renew(all))
  await second.settle(all)
  t.same([...held(first), ...held(second)].sort(), all)
  t.notOk(await first.renew(all), 'then it stays as it is')
  await first.close()
  await second.settle(all)
  t.same(held(second), all)
})

void t.test('what a killed runner held is taken over when its leases have run out', async (t) => {
  const { readStore } = await openTidemark(t)
  const killed = new Shares(readStore)
  await killed.settle(['a/0'])
  const heir = new Shares(readStore)
  const start = performance.now()
  do await new Promise((resolve) => setTimeout(resolve, 50))
  while (!(await heir.renew(['a/0'])))
  await heir.settle(['a/0'])
  t.ok(heir.has('a/0'))
  t.ok(performance.now() - start < 6 * renewEvery, 'within seconds')
})

void t.test(
  'a share that was given back is not taken again by a sign of life that is under way',
  async (t) => {
    const { readStore } = await openTidemark(t)
    const all = ['p/0', 'p/1']
    const signals = new EventEmitter()
    let isSlow = false
    const slow = {
      lease: async (...lease: Parameters<ReadStore['lease']>) => {
        const taken = await readStore.lease(...lease)
        if (!isSlow || lease[0] !== 'p/0') return taken
        signals.emit('taken')
        await once(signals, 'answer')
        return taken
      },
      leases: () => readStore.leases(),
      release: (...lease: Parameters<ReadStore['release']>) => readStore.release(...lease),
    }
    const one = new Shares(slow)
    await one.settle(all)
    isSlow = true
    const [renewing] = [one.renew(all), await once(signals, 'taken')]
    isSlow = false
    const other = new Shares(readStore)
    await other.settle(all)
    await one.settle(all)
    signals.emit('answer')
    t.equal(await renewing, false)
    await other.settle(all)
    t.ok(one.has('p/0') && other.has('p/1'))
  },
)
