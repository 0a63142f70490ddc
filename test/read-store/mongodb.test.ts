import type { Document as Stored } from 'mongodb'
import t, { type Test } from 'tap'
import { openMongoDbReadStore, type MongoDbReport } from '../../read-store/mongodb/mongodb.js'
import { readStoreContract } from '../contract/read-store/index.js'
import { readStoreModel } from '../contract/read-store-model.js'
import { collections, counterUnit, disagreements, projection, promoted } from './counters.js'
import { findMongoDb, type MongoDbServer, type MongoDbUnderTest } from './mongodb-server.js'

t.setTimeout(120_000)
const found = await findMongoDb()
if (found) {
  t.teardown(() => found.stop())
  readStoreContract('mongodb', () => found.open(), found.abilities)
  readStoreModel('mongodb', () => found.open(), { runs: 25, abilities: found.abilities })
  catalogue(found)
  indexes(found)
  leftOvers(found)
  snapshots(found)
} else {
  void t.test('mongodb', { skip: 'neither MONGODB_URL nor Docker' }, async () => {})
}

function catalogue(server: MongoDbServer): void {
  void t.test('the live build is the same object while nothing changes', async (t) => {
    const { store, again } = await opened(t, server)
    const build = await promoted(store)
    t.equal(await store.live(projection), await store.live(projection))
    const other = await again()
    await other.promote(await other.create(projection, 2, collections), { build, at: [0] })
    t.equal((await store.live(projection))?.version, 2)
  })

  void t.test('deployments with a namespace each share a server', async (t) => {
    const one = await opened(t, server)
    const two = await opened(t, server)
    await promoted(one.store)
    t.equal(await two.store.live(projection), undefined)
    const { databases } = await server.client.db('admin').command({ listDatabases: 1, nameOnly: true })
    const names = (databases as { name: string }[]).map(({ name }) => name)
    t.ok(names.includes(`tidemark-${one.namespace}`), names.join())
  })

  void t.test('several handles open one new database at once', async (t) => {
    const { namespace, database } = await opened(t, server)
    await server.client.db(database).dropDatabase()
    const opening = Array.from({ length: 4 }, () => openMongoDbReadStore({ url: server.url, namespace }))
    const stores = await Promise.all(opening)
    await promoted(stores[0]!)
    for (const store of stores) {
      t.ok(await store.live(projection))
      await store.close()
    }
  })

  void t.test('a closed store refuses, and does not connect again', async (t) => {
    const { store } = await opened(t, server)
    const build = await promoted(store)
    const commit = build.commit(counterUnit(0))
    await store.close()
    await t.resolves(commit, 'what was under way is done')
    await t.rejects(store.live(projection), { code: 'read-store-unavailable' })
    await t.rejects(build.commit(counterUnit(1)), { code: 'read-store-unavailable' })
  })

  void t.test('a stale build is fenced, not missing its documents', async (t) => {
    const { store } = await opened(t, server)
    const old = await promoted(store)
    await old.commit(counterUnit(0))
    await store.promote(await store.create(projection, 2, collections), { build: old, at: [1] })
    const reads: (() => Promise<unknown>)[] = [
      () => old.getMany('counters', ['counter 1']),
      () => old.page('counters', { index: 'byCheckpoint', limit: 1 }),
      () => old.page('latest', { limit: 1 }),
      () => old.count('latest'),
      () => old.snapshot(),
    ]
    for (const read of reads) await t.rejects(read, { code: 'fenced' })
  })

  void t.test('refuses names that MongoDB cannot index, before anything is made', async (t) => {
    const { store, database } = await opened(t, server)
    for (const field of ['a.b', '$a', '', '__proto__'])
      await t.rejects(store.create('odd', 1, { things: { indexes: { by: [field] } } }), TypeError)
    await t.rejects(store.create('odd', 1, { things: { indexes: { by: [] } } }), TypeError)
    t.equal(await server.client.db(database).collection('tidemark.builds').countDocuments(), 0)
  })
}

function indexes(server: MongoDbServer): void {
  const documentsOf = async ({ database }: MongoDbUnderTest, collection: string) => {
    const builds = server.client.db(database).collection('tidemark.builds')
    const [build] = await builds.find({ state: 'live' }).toArray()
    const declared = build!.collections as { name: string; documents: string }[]
    return server.client.db(database).collection(declared.find(({ name }) => name === collection)!.documents)
  }

  void t.test('refuses to start with an index that is not the declared one', async (t) => {
    const under = await opened(t, server)
    await promoted(under.store)
    const counters = await documentsOf(under, 'counters')
    for (const [key, options] of [
      [{ 'doc.checkpoint': 1 }, {}],
      [{ _id: 1, 'doc.checkpoint': 1 }, {}],
      [{ 'doc.checkpoint': -1, _id: 1 }, {}],
      [{ 'doc.checkpoint': 1, _id: 1 }, { sparse: true }],
      [{ 'doc.checkpoint': 1, _id: 1 }, { collation: { locale: 'en' } }],
    ] as const) {
      await counters.dropIndex('byCheckpoint')
      await counters.createIndex(key, { name: 'byCheckpoint', ...options })
      await t.rejects(under.again(), { code: 'index-mismatch', message: /byCheckpoint.*dropIndex/s })
    }
  })

  void t.test('makes a declared index again that is missing, and says so', async (t) => {
    const under = await opened(t, server)
    await (await promoted(under.store)).commit(counterUnit(0))
    const counters = await documentsOf(under, 'counters')
    await counters.dropIndex('byCheckpoint')
    await counters.createIndex({ 'doc.mine': 1 }, { name: 'somebody else' })
    const reports: MongoDbReport[] = []
    const report = (report: MongoDbReport) => reports.push(report)
    const store = await openMongoDbReadStore({ url: server.url, namespace: under.namespace, report })
    t.same(await disagreements((await store.live(projection))!), [])
    await store.close()
    t.match(reports, [{ type: 'index-created', index: /counters.* byCheckpoint/ }])
    const names = (await counters.indexes()).map(({ name }) => name)
    t.same(names.sort(), ['_id_', 'byCheckpoint', 'somebody else'])
  })

  void t.test('refuses to start where a collection of a live build is gone', async (t) => {
    const under = await opened(t, server)
    await promoted(under.store)
    await (await documentsOf(under, 'latest')).drop()
    await t.rejects(under.again(), { code: 'index-mismatch', message: /latest.*deleteOne/s })
  })
}

function leftOvers(server: MongoDbServer): void {
  const collectionsOf = async ({ database }: MongoDbUnderTest) => {
    const all = await server.client.db(database).listCollections().toArray()
    return all.map(({ name }) => name).filter((name) => name.startsWith('documents.'))
  }
  const kill = async ({ database }: MongoDbUnderTest) => {
    const ends = { $set: { ends: new Date(0) } }
    await server.client.db(database).collection('tidemark.owners').updateMany({}, ends)
  }

  void t.test('drops the collections of a build that was replaced or discarded', async (t) => {
    const under = await opened(t, server)
    const old = await promoted(under.store)
    t.equal((await collectionsOf(under)).length, 2)
    const next = await under.store.create(projection, 2, collections)
    t.equal((await collectionsOf(under)).length, 4)
    await under.store.promote(next, { build: old, at: [0] })
    const left = await collectionsOf(under)
    t.equal(left.length, 2)
    t.ok(left.every((name) => name.includes(next.build)))
    await under.store.discard(await under.store.create(projection, 3, collections))
    t.same((await collectionsOf(under)).sort(), left.sort())
  })

  void t.test('drops at the next opening what a killed process left, and nothing else', async (t) => {
    const under = await opened(t, server)
    const live = await promoted(under.store)
    const database = server.client.db(under.database)
    const lost = `documents.${projection}.counters.00000000-0000-4000-8000-000000000000`
    await database.createCollection(lost)
    await database.createCollection('somebody.else.00000000-0000-4000-8000-000000000000')
    await under.again()
    t.equal((await collectionsOf(under)).length, 2)
    t.equal(await live.count('counters'), 0)
    t.equal((await database.listCollections({ name: /^somebody/ }).toArray()).length, 1)
  })

  void t.test('the next rebuild removes what a dead store built, not what a living one builds', async (t) => {
    const under = await opened(t, server)
    const other = await under.again()
    const mine = await under.store.create(projection, 1, collections)
    const theirs = await other.create(projection, 1, collections)
    await under.store.discard(await under.store.create(projection, 1, collections))
    await theirs.commit(counterUnit(0))
    await kill(under)
    const next = await other.create(projection, 1, collections)
    await t.rejects(mine.commit(counterUnit(0)), { code: 'fenced' })
    await theirs.commit(counterUnit(1))
    t.same(await disagreements(theirs), [], 'it did not think itself dead')
    await next.commit(counterUnit(0))
  })

  void t.test('drops the scratch databases of dead stores when it is opened', async (t) => {
    const under = await opened(t, server)
    const scratch = await under.store.scratch()
    await (await promoted(scratch)).commit(counterUnit(0))
    const count = async () => {
      const { databases } = await server.client.db('admin').command({ listDatabases: 1, nameOnly: true })
      const names = (databases as Stored[]).map(({ name }) => name as string)
      return names.filter((name) => name.startsWith(`${under.database}-scratch-`)).length
    }
    await under.again()
    t.equal(await count(), 1, 'it is in use')
    await kill(under)
    await under.again()
    t.equal(await count(), 0)
    await scratch.close()
  })
}

function snapshots(server: MongoDbServer): void {
  const collectionsOf = (database: string) =>
    server.client
      .db(database)
      .listCollections({ name: /^documents/ })
      .toArray()

  void t.test('the collections of a replaced build stay until its snapshots are closed', async (t) => {
    const { store, again, database } = await opened(t, server)
    const old = await promoted(store)
    await old.commit(counterUnit(0))
    const snapshots = [await old.snapshot(), await (await (await again()).live(projection))!.snapshot()]
    await store.promote(await store.create(projection, 2, collections), { build: old, at: [1] })
    t.equal((await collectionsOf(database)).length, 4)
    await snapshots[0]!.close()
    t.equal((await collectionsOf(database)).length, 4)
    await snapshots[1]!.close()
    t.equal((await collectionsOf(database)).length, 2)
  })

  const history = server.abilities.has('history') && 'this server keeps history'
  void t.test('a snapshot answers rightly or not at all without history', { skip: history }, async (t) => {
    const { store } = await opened(t, server)
    const build = await promoted(store)
    await build.commit(counterUnit(0))
    const snapshot = await build.snapshot()
    t.same(await disagreements(snapshot), [])
    await build.commit({ expected: 1, checkpoint: 1, writes: { latest: [{ id: 'new', document: {} }] } })
    await t.rejects(snapshot.count('latest'), { code: 'snapshot-lost' })
    await t.rejects(snapshot.getMany('latest', ['new']), { code: 'snapshot-lost' })
    t.equal(await snapshot.checkpoint(), 1)
    await snapshot.close()
  })
}

async function opened(t: Test, server: MongoDbServer): Promise<MongoDbUnderTest> {
  const under = await server.open()
  t.teardown(() => under.cleanUp())
  return under
}
