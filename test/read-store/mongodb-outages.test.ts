import { UUID } from 'mongodb'
import t from 'tap'
import { openMongoDbReadStore } from '../../read-store/mongodb/mongodb.js'
import { collections, counterUnit, disagreements, projection, promoted } from './counters.js'
import { proxied } from './mongodb-proxied.js'
import { findMongoDb, type MongoDbServer } from './mongodb-server.js'

t.setTimeout(180_000)
const found = await findMongoDb()
if (found) {
  t.teardown(() => found.stop())
  outages(found)
  givenUp(found)
  deadRunners(found)
} else {
  void t.test('mongodb outages', { skip: 'neither MONGODB_URL nor Docker' }, async () => {})
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

async function canEndSessions({ client }: MongoDbServer): Promise<boolean> {
  const nobody = { killSessions: [{ id: new UUID() }] }
  const answer = client.db('admin').command(nobody)
  return answer.then(
    () => true,
    () => false,
  )
}
