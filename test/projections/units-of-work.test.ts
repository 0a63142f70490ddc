import t from 'tap'
import { dataPlans } from '../../projections/data-plans/data-plans.js'
import { foldTo } from '../../projections/running/fold-to.js'
import { DerivedCheck } from '../../projections/running/derived-check.js'
import { collectionsOf, Fold } from '../../projections/running/fold.js'
import type { Build } from '../../read-store/port.js'
import {
  advanced,
  cutInto,
  foldToHead,
  openTidemark,
  recorded,
  signed,
  textsOf,
  type Tidemark,
} from './tidemark.js'

/** A bit of everything: agreements before, between and after records, late ones, take-overs, and ends of months. */
const history = [
  recorded('r01', '2020-01-03T00:00:00Z', 5, '2'),
  signed({ id: 'a', msisdn: '1', zone: 'Europe/Warsaw', max: 30 }),
  recorded('r02', '2020-01-31T22:59:59Z', 10, '1'),
  recorded('r03', '2020-01-31T23:00:00Z', 20, '1'),
  signed({ id: 'b', msisdn: '2', zone: 'Pacific/Apia', max: 5 }),
  recorded('r04', '2020-02-01T11:00:00Z', 5, '2'),
  recorded('r05', '2020-01-15T00:00:00Z', 25, '1'),
  signed({ id: 'c', msisdn: '1', zone: 'America/St_Johns', starts: '2020-01-20T00:00:00Z', max: 0 }),
  recorded('r06', '2020-03-01T00:00:00Z', 1, '3'),
  recorded('r07', '2020-01-21T00:00:00Z', 2, '1'),
  signed({ id: 'd', msisdn: '1', starts: '2020-01-20T00:00:00Z', signed: '2019-12-02T00:00:00Z' }),
  advanced('2020-05-01T00:00:00Z'),
  recorded('r08', '2020-04-30T00:00:00Z', 2, '2'),
  signed({ id: 'e', msisdn: '2', zone: 'Pacific/Apia', starts: '2020-04-01T00:00:00Z' }),
  recorded('r09', '2020-04-29T00:00:00Z', 2, '2'),
]

/** All documents of a projection as they are stored. */
async function everything(tidemark: Tidemark, projection = dataPlans.name) {
  const build = await tidemark.live(projection)
  const collections = Object.keys(dataPlans.collections)
  return Promise.all(collections.map(async (name) => [name, await textsOf(build, name)] as const))
}

void t.test('documents are the same to the byte, however the log is cut into pages', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(...history)
  await tidemark.fold(dataPlans)
  const whole = await everything(tidemark)
  t.ok((await tidemark.notified()).length > 10)
  for (const size of [1, 2, 3, 5, 7, 11]) {
    const cut = { ...dataPlans, name: `cut into ${size}` }
    await foldToHead(cut, tidemark.eventStore, tidemark.readStore, cutInto(size))
    t.same(await everything(tidemark, cut.name), whole, `pages of ${size}`)
  }
})

void t.test('what is derived is the same, however the log is cut into pages', async (t) => {
  const sets: string[][] = []
  for (const size of [1, 2, 4, history.length]) {
    const tidemark = await openTidemark(t)
    await tidemark.append(...history)
    await foldToHead(dataPlans, tidemark.eventStore, tidemark.readStore, cutInto(size))
    const notifications = await tidemark.notifications()
    sets.push(
      notifications
        .map(({ id, stream, revision, type, data }) => JSON.stringify([stream, revision, id, type, data]))
        .sort(),
    )
  }
  for (const set of sets) t.same(set, sets[0])
})

void t.test(
  'documents are the same to the byte, however often the fold was stopped and opened again',
  async (t) => {
    const once = await openTidemark(t)
    await once.append(...history)
    await once.fold(dataPlans)
    const often = await openTidemark(t)
    for (const event of history) {
      await often.append(event)
      await foldToHead(dataPlans, often.eventStore, often.readStore)
    }
    // Notifications stand elsewhere in the log, so pages of records are named otherwise only beyond a stretch of it.
    t.same(await everything(often), await everything(once))
    t.same((await often.notified()).sort(), (await once.notified()).sort())
    t.same(await often.differences(), [])
  },
)

void t.test('a page that ends short of the next one moves the checkpoint without documents', async (t) => {
  const tidemark = await openTidemark(t)
  const other = {
    id: '6a8f3c1e-0000-5000-8000-000000000001',
    stream: 'other-1',
    type: 'Other',
    data: {},
    metadata: {},
  }
  await tidemark.append(other)
  await tidemark.fold(dataPlans)
  t.equal(await (await tidemark.live()).checkpoint(), 1)
})

void t.test('an event that was folded is not folded again by a page that overlaps', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(...history)
  const build = await tidemark.readStore.create('data-plans', 1, collectionsOf(dataPlans))
  const fold = await Fold.open(dataPlans, build, new DerivedCheck(tidemark.eventStore))
  const { eventStore } = tidemark
  await foldTo([fold], [5], { eventStore })
  t.equal(await build.checkpoint(), 5, 'to the very position')
  const page = await eventStore.readAll({ after: 0, limit: 100 })
  await fold.apply(page)
  await fold.apply(page)
  await fold.settle()
  t.equal(fold.events, history.length)
  t.equal(await build.checkpoint(), history.length)
})

void t.test('a checkpoint is always a position of the log, also where positions are far apart', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(...history)
  const build = await tidemark.readStore.create('data-plans', 1, collectionsOf(dataPlans))
  const checkpoints: number[] = []
  const watched: Build = {
    projection: build.projection,
    version: build.version,
    build: build.build,
    partitions: build.partitions,
    checkpoint: (partition) => build.checkpoint(partition),
    lastUnit: (partition) => build.lastUnit(partition),
    getMany: (collection, ids) => build.getMany(collection, ids),
    page: (collection, query) => build.page(collection, query),
    count: (collection) => build.count(collection),
    snapshot: () => build.snapshot(),
    commit: (unit) => {
      checkpoints.push(unit.checkpoint)
      return build.commit(unit)
    },
  }
  const fold = await Fold.open(dataPlans, watched, new DerivedCheck(tidemark.eventStore))
  const { events, position } = await tidemark.eventStore.readAll({ after: 0, limit: 100 })
  const apart = events.map((event) => ({ ...event, position: event.position * 1000 }))
  await fold.apply({ events: apart, position: position * 1000 })
  await fold.settle()
  t.ok(checkpoints.length > 1, 'some queries had to see what was folded before them')
  t.strictSame(
    checkpoints.filter((checkpoint) => checkpoint % 1000 !== 0),
    [],
  )
})
