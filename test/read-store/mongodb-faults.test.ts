import t, { type Test } from 'tap'
import { Fenced, ReadStoreUnavailable } from '../../read-store/errors.js'
import { openMongoDbReadStore } from '../../read-store/mongodb/mongodb.js'
import type { Build, ReadStore, UnitOfWork } from '../../read-store/port.js'
import { proxied } from './mongodb-proxied.js'
import type { Fault, MongoDbProxy } from './mongodb-proxy.js'
import { findMongoDb, type MongoDbServer } from './mongodb-server.js'

/** The law: whatever happens to connections, every unit of work is applied exactly once, or refused. */

t.setTimeout(180_000)
const found = await findMongoDb()
if (found) {
  t.teardown(() => found.stop())
  randomFaults(found)
} else {
  void t.test('mongodb faults', { skip: 'neither MONGODB_URL nor Docker' }, async () => {})
}

function randomFaults(server: MongoDbServer): void {
  const options =
    'socketTimeoutMS=200&connectTimeoutMS=400&serverSelectionTimeoutMS=2000&heartbeatFrequencyMS=500'

  void t.test('every unit is applied exactly once through random faults', async (t) => {
    const { proxy, store, namespace } = await proxied(t, server, options)
    await store.promote(await store.create('chain', 1, { links: {}, sums: {} }))
    const faults = injectFaults(proxy, 1)
    let units = 0
    while (faults.count < 60) units = await extend(store, units + 5)
    proxy.fault = () => undefined
    t.comment(`${units} units, faults: ${JSON.stringify(faults.kinds)}`)
    await checkChain(t, server, namespace, units)
  })

  void t.test('of two runners one wins each position, through random faults', async (t) => {
    const { proxy, store, namespace, again } = await proxied(t, server, options)
    await store.promote(await store.create('chain', 1, { links: {}, sums: {} }))
    const rival = await again()
    const faults = injectFaults(proxy, 2)
    let units = 0
    while (faults.count < 20) {
      units += 5
      // Both to their end, whatever becomes of one: a store that is closed under a runner answers at once, for ever.
      const ended = await Promise.allSettled([extend(store, units), extend(rival, units)])
      for (const one of ended) if (one.status === 'rejected') throw one.reason
    }
    proxy.fault = () => undefined
    await checkChain(t, server, namespace, units)
  })
}

/** Breaks connections now and then, in the order that the seed gives. */
function injectFaults(proxy: MongoDbProxy, seed: number) {
  const random = randomOf(seed)
  const faults = { count: 0, kinds: { lost: 0, unanswered: 0, hung: 0 } satisfies Record<Fault, number> }
  proxy.fault = () => {
    if (random() > 0.06) return undefined
    const fault = (['lost', 'unanswered', 'unanswered', 'hung'] as const)[Math.floor(random() * 4)]!
    faults.count++
    faults.kinds[fault]++
    return fault
  }
  return faults
}

/** A runner: goes on where the checkpoint is, and starts anew whenever it is fenced or the server is away. */
async function extend(store: ReadStore, target: number): Promise<number> {
  for (;;) {
    try {
      const build = (await store.live('chain'))!
      for (;;) {
        const at = await build.checkpoint()
        if (at >= target) return at
        await build.commit(await linkAfter(build, at))
      }
    } catch (error) {
      if (!(error instanceof Fenced || error instanceof ReadStoreUnavailable)) throw error
    }
  }
}

/** A unit that would show if it were applied twice or never: it adds to what the one before left. */
async function linkAfter(build: Build, at: number): Promise<UnitOfWork> {
  const [sum] = await build.getMany('sums', ['sum'])
  const { units, positions } = JSON.parse(sum?.text ?? '{"units":0,"positions":0}') as Record<string, number>
  const document = { units: units! + 1, positions: positions! + at }
  return {
    expected: at,
    checkpoint: at + 1,
    writes: {
      links: [{ id: String(at).padStart(6, '0'), document: { after: units } }],
      sums: [{ id: 'sum', document }],
    },
  }
}

async function checkChain(t: Test, server: MongoDbServer, namespace: string, units: number): Promise<void> {
  const store = await openMongoDbReadStore({ url: server.url, namespace })
  const build = (await store.live('chain'))!
  t.equal(await build.checkpoint(), units)
  const [sum] = await build.getMany('sums', ['sum'])
  t.same(JSON.parse(sum!.text), { units, positions: (units * (units - 1)) / 2 })
  const { rows } = await build.page('links', { limit: units + 1 })
  t.same(
    rows.map(({ id, text }) => [Number(id), (JSON.parse(text) as { after: number }).after]),
    Array.from({ length: units }, (_, at) => [at, at]),
    'the chain is unbroken',
  )
  await store.close()
}

/** Numbers from 0 to 1 that only seem random: a linear congruence modulo 2³². */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
