import { UUID } from 'mongodb'
import t, { type Test } from 'tap'
import { Fenced, ReadStoreUnavailable } from '../../read-store/errors.js'
import { openMongoDbReadStore, type MongoDbPatience, type MongoDbReport } from '../../read-store/mongodb.js'
import type { Build, ReadStore, UnitOfWork } from '../../read-store/port.js'
import { collections, counterUnit, disagreements, projection } from './counters.js'
import { MongoDbProxy, type Fault } from './mongodb-proxy.js'
import { findMongoDb, type MongoDbServer } from './mongodb-server.js'

/** The law: whatever happens to connections, every unit of work is applied exactly once, or refused. */

t.setTimeout(180_000)
const found = await findMongoDb()
if (found) {
  t.teardown(() => found.stop())
  lostAnswers(found)
  outages(found)
  randomFaults(found)
  givenUp(found)
  deadRunners(found)
} else {
  void t.test('mongodb faults', { skip: 'neither MONGODB_URL nor Docker' }, async () => {})
}

function lostAnswers(server: MongoDbServer): void {
  for (const fault of ['lost', 'unanswered', 'hung'] as const) {
    // The driver itself repeats a commit once; what comes after that is ours.
    for (const times of [1, 2, 3]) {
      void t.test(`a commit that is ${fault} ${times} times is applied once`, async (t) => {
        const { proxy, store, reports } = await proxied(t, server)
        const build = await promoted(store)
        let left = times
        proxy.fault = (sent) => (sent.includes('commitTransaction') && left-- > 0 ? fault : undefined)
        await build.commit(counterUnit(0))
        t.ok(left <= 0, 'the fault happened')
        t.ok(times === 1 || reports.length > 0, 'it was tried again')
        t.same([await build.checkpoint(), await disagreements(build)], [1, []])
        await build.commit(counterUnit(1))
        t.same([await build.checkpoint(), await disagreements(build)], [2, []])
      })
    }
  }

  void t.test('a unit that does not move the checkpoint is applied once too', async (t) => {
    const { proxy, store } = await proxied(t, server)
    const build = await promoted(store)
    let left = 2
    proxy.fault = (sent) => (sent.includes('commitTransaction') && left-- > 0 ? 'unanswered' : undefined)
    const note = { latest: [{ id: 'note', document: {} }] }
    await build.commit({ expected: 0, checkpoint: 0, writes: note })
    t.equal(await build.count('latest'), 1)
    await build.commit({ expected: 0, checkpoint: 1, writes: {} })
  })

  void t.test('a promotion whose answer is lost is done once', async (t) => {
    const { proxy, store } = await proxied(t, server)
    const old = await promoted(store)
    const build = await store.create(projection, 2, collections)
    let left = 2
    proxy.fault = (sent) => (sent.includes('commitTransaction') && left-- > 0 ? 'unanswered' : undefined)
    await store.promote(build, { build: old, at: [0] })
    t.equal((await store.live(projection))?.build, build.build)
    await t.rejects(store.promote(build, { build: old, at: [0] }), { code: 'fenced' })
  })

  void t.test('of two runners one wins while answers are lost', async (t) => {
    const { proxy, store, namespace } = await proxied(t, server)
    const direct = await openMongoDbReadStore({ url: server.url, namespace })
    t.teardown(() => direct.close())
    const build = await promoted(store)
    const rival = (await direct.live(projection))!
    let asked = 0
    let rivalled: Promise<void> | undefined
    proxy.fault = (sent) => {
      if (!sent.includes('commitTransaction') || asked++ > 1) return undefined
      // Never got there; by the time it is tried again, the other one has been through.
      rivalled ??= rival.commit(counterUnit(0))
      return 'lost'
    }
    const [mine] = await Promise.allSettled([build.commit(counterUnit(0))])
    const [theirs] = await Promise.allSettled([rivalled])
    t.not(mine.status, theirs.status, 'exactly one of them')
    t.match(mine.status === 'rejected' ? mine.reason : (theirs as PromiseRejectedResult).reason, {
      code: 'fenced',
    })
    t.equal(await rival.checkpoint(), 1)
    t.same(await disagreements(rival), [])
  })
}

function outages(server: MongoDbServer): void {
  const options = 'serverSelectionTimeoutMS=200&socketTimeoutMS=200&heartbeatFrequencyMS=500'

  void t.test('a unit outlives an outage that begins in the middle of it', async (t) => {
    const { proxy, store, namespace, reports } = await proxied(t, server, options)
    const build = await promoted(store)
    let left = 6
    let isOut = false
    proxy.fault = (sent) => {
      isOut ||= sent.includes('counter 1')
      return isOut && left-- > 0 ? 'lost' : undefined
    }
    await build.commit(counterUnit(0))
    t.ok(left <= 0)
    t.match(reports, [{ type: 'retrying' }])
    const direct = await openMongoDbReadStore({ url: server.url, namespace })
    const live = (await direct.live(projection))!
    t.same([await live.checkpoint(), await disagreements(live)], [1, []])
    await direct.close()
  })

  void t.test('questions are answered with an error of ours while the server is away', async (t) => {
    const { proxy, store } = await proxied(t, server, options)
    const build = await promoted(store)
    proxy.fault = () => 'lost'
    const questions: (() => Promise<unknown>)[] = [
      () => store.live(projection),
      () => store.leases(),
      () => store.lease('a', 'one', 1_000),
      () => build.checkpoint(),
      () => build.getMany('latest', ['a']),
      () => build.page('latest', { limit: 1 }),
      () => build.count('latest'),
      () => build.snapshot(),
    ]
    for (const question of questions)
      await t.rejects(question, { code: 'read-store-unavailable', message: /does not answer/ })
    proxy.fault = () => undefined
    // The driver looks for the server now and then.
    while (!(await store.leases().catch(() => undefined)));
    t.equal((await store.live(projection))?.build, build.build)
  })
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

/** What an interrupted transaction leaves open is in nobody's way when the server is back. */
function givenUp(server: MongoDbServer): void {
  void t.test('a first promotion that was given up can be made again', async (t) => {
    const { proxy, store } = await proxied(t, server, undefined, { write: 300 })
    const build = await store.create(projection, 1, collections)
    proxy.fault = (sent) => (isEnd(sent) ? 'lost' : undefined)
    await t.rejects(store.promote(build), { code: 'read-store-unavailable' })
    proxy.fault = () => undefined
    const start = performance.now()
    const next = await store.create(projection, 1, collections)
    await store.promote(next)
    t.equal((await store.live(projection))?.build, next.build)
    t.ok(performance.now() - start < 10_000, 'long before the time of the transaction was over')
  })

  void t.test('a unit of work that was given up can be made again', async (t) => {
    const { proxy, store } = await proxied(t, server, undefined, { write: 300 })
    const made = await promoted(store)
    proxy.fault = (sent) => (isEnd(sent) ? 'lost' : undefined)
    await t.rejects(made.commit(counterUnit(0)), { code: 'read-store-unavailable' })
    proxy.fault = () => undefined
    const start = performance.now()
    const live = (await store.live(projection))!
    await live.commit(counterUnit(0))
    t.same([await live.checkpoint(), await disagreements(live)], [1, []])
    t.ok(performance.now() - start < 10_000, 'long before the time of the transaction was over')
  })

  const isEnd = (sent: Buffer) => sent.includes('commitTransaction') || sent.includes('abortTransaction')
}

function deadRunners(server: MongoDbServer): void {
  void t.test('the transaction of a dead runner is ended by the next', async (t) => {
    const { store, database, cleanUp } = await server.open()
    t.teardown(cleanUp)
    const build = await promoted(store)
    const catalogue = server.client.db(database)
    const dead = server.client.startSession()
    t.teardown(() => dead.endSession())
    if (!(await canEndSessions(server))) return t.comment('this server cannot end sessions')
    dead.startTransaction()
    const mark = { build: build.build }
    await catalogue
      .collection('tidemark.checkpoints')
      .updateOne(mark, { $set: { unit: 'x' } }, { session: dead })
    const runner = { $set: { build: build.build, session: new UUID(dead.id!.id.buffer) } }
    const runners = catalogue.collection<{ _id: string }>('tidemark.runners')
    await runners.updateOne({ _id: `${build.build}/0` }, runner, { upsert: true })
    const start = performance.now()
    await build.commit(counterUnit(0))
    t.ok(performance.now() - start < 10_000, 'long before its time was over')
    t.same(await disagreements(build), [])
  })
}

async function proxied(
  t: Test,
  server: MongoDbServer,
  options = 'socketTimeoutMS=200',
  patience: Partial<MongoDbPatience> = {},
) {
  const proxy = await MongoDbProxy.open(server.url)
  const reports: MongoDbReport[] = []
  const report = (report: MongoDbReport) => reports.push(report)
  const under = await server.open({ url: proxy.urlOf(options), report, patience })
  t.teardown(async () => {
    proxy.fault = () => undefined
    await under.cleanUp()
    await proxy.close()
  })
  return { ...under, proxy, reports }
}

async function promoted(store: ReadStore): Promise<Build> {
  const build = await store.create(projection, 1, collections)
  await store.promote(build)
  return build
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

async function canEndSessions({ client }: MongoDbServer): Promise<boolean> {
  const nobody = { killSessions: [{ id: new UUID() }] }
  const answer = client.db('admin').command(nobody)
  return answer.then(
    () => true,
    () => false,
  )
}

/** Numbers from 0 to 1 that only seem random: a linear congruence modulo 2³². */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
