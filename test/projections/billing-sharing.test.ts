import t from 'tap'
import type { NewEvent } from '../../domain/event.js'
import { customerBilling } from '../../projections/billing/customer-billing.js'
import { Outbox } from '../../projections/running/outbox.js'
import { collectionsOf, Fold } from '../../projections/running/fold.js'
import { partitionOf } from '../../projections/running/partition.js'
import type { Projection } from '../../projections/projection.js'
import { rebuild } from '../../projections/running/rebuild.js'
import { typeBilling } from '../../projections/billing/type-billing.js'
import { billed, billedIn, billingOf } from './billing.js'
import { openTidemark, textsOf, type Tidemark } from './tidemark.js'

t.setTimeout(120_000)
const partitions = 3

/** Thirty customers over four months, with late events, and ends of months that only some of them bring about. */
function history(): NewEvent[] {
  const events: NewEvent[] = [billedIn('Europe/Warsaw')]
  for (let n = 0; n < 400; n++) {
    const day = (n * 3) / 10 - (n % 23 === 0 ? 60 : n % 7)
    const at = new Date(Date.UTC(2020, 0, 10) + day * 86_400_000).toISOString()
    const type = ['DATA', 'CALL', 'PACK', 'MISC', 'MESSAGE'][n % 5]
    events.push(billed(`customer-${(n * 7) % 30}`, at, `${n}.01`, type))
  }
  return events
}

async function documents({ live }: Tidemark, { name, collections }: Projection) {
  const build = await live(name)
  const { clocks, ...rest } = collections
  return Promise.all(
    Object.keys(rest).map(async (collection) => [collection, await textsOf(build, collection)]),
  )
}

/** Folds the log in a build that is cut into partitions, which take turns, to the end of the log. */
async function foldShared(projection: Projection, { eventStore, readStore }: Tidemark): Promise<void> {
  const { name, version } = projection
  const build = await readStore.create(name, version, collectionsOf(projection), partitions)
  await readStore.promote(build)
  const folds: Fold[] = []
  for (let index = 0; index < partitions; index++) {
    const outbox = await Outbox.open(build, eventStore, index)
    folds.push(await Fold.open(projection, build, outbox, partitionOf(index, partitions)))
  }
  let head = await eventStore.head()
  while (folds.some(({ position }) => position < head)) {
    for (const [index, fold] of folds.entries()) {
      await fold.apply(await eventStore.readAll({ after: fold.position, limit: 20 + 30 * index }))
      await fold.settle()
    }
    head = await eventStore.head()
  }
}

void t.test('partitions give the documents and invoices that one runner alone gives', async (t) => {
  const [alone, shared] = [await openTidemark(t), await openTidemark(t)]
  const events = history()
  for (const tidemark of [alone, shared]) await tidemark.append(...events)
  for (const projection of [customerBilling, typeBilling]) {
    await alone.fold(projection)
    await foldShared(projection, shared)
    t.equal((await shared.live(projection.name)).partitions, partitions)
    t.same(await documents(shared, projection), await documents(alone, projection), 'byte for byte')
    t.same(await shared.differences(projection), [])
    const { derivedDifferences } = await rebuild(projection, shared)
    t.same(derivedDifferences, [])
    t.same(await documents(shared, projection), await documents(alone, projection), 'and a rebuild too')
  }
  const told = await billingOf(shared).told()
  t.same(told.sort(), (await billingOf(alone).told()).sort(), 'each once')
  t.ok(told.length > 100, `${told.length} invoices and corrections`)
})

void t.test('the first partition’s clock is everybody’s', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(...history())
  for (const projection of [customerBilling, typeBilling]) {
    await foldShared(projection, tidemark)
    const clocks = await tidemark.documents<{ latest: number }>('clocks', projection.name)
    t.equal(Object.keys(clocks).length, partitions)
    t.equal(new Set(Object.values(clocks).map(({ latest }) => latest)).size, 1)
    t.ok(clocks.billing, 'its name is that of the only one')
  }
})
