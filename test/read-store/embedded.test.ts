import t, { type Test } from 'tap'
import { openEmbeddedReadStore } from '../../read-store/embedded/embedded.js'
import { closeDatabase, openDatabase } from '../../sqlite/driver.js'
import { readStoreContract } from '../contract/read-store/index.js'
import { collections, counterUnit, disagreements, projection } from './counters.js'
import { openEmbedded } from './open-embedded.js'

readStoreContract('embedded', openEmbedded)

void t.test('a promotion through another handle is seen by the next call of live', async (t) => {
  const { store, again } = await opened(t)
  const build = await store.create(projection, 1, collections)
  await store.promote(build)
  t.equal(await store.live(projection), await store.live(projection), 'the same object while nothing changes')
  const other = await again()
  const next = await other.create(projection, 2, collections)
  await other.promote(next, { build, at: [0] })
  t.equal((await store.live(projection))?.version, 2)
})

void t.test('a stale build is fenced, not missing its tables', async (t) => {
  const { store } = await opened(t)
  const old = await store.create(projection, 1, collections)
  await store.promote(old)
  await old.commit(counterUnit(0))
  await old.getMany('counters', ['counter 1'])
  await store.promote(await store.create(projection, 2, collections), { build: old, at: [1] })
  const reads: (() => Promise<unknown>)[] = [
    () => old.getMany('counters', ['counter 1']),
    () => old.getMany('counters', ['counter 1', 'counter 2']),
    () => old.page('counters', { index: 'byCheckpoint', limit: 1 }),
    () => old.page('latest', { limit: 1 }),
    () => old.count('latest'),
    () => old.snapshot(),
  ]
  for (const read of reads) await t.rejects(read, { code: 'fenced' })
})

void t.test('refuses an id that it could not find again', async (t) => {
  const { store } = await opened(t)
  const build = await store.create(projection, 1, collections)
  const writes = { latest: [{ id: 'a\0b', document: {} }] }
  await t.rejects(build.commit({ expected: 0, checkpoint: 1, writes }), TypeError)
  t.equal(await build.checkpoint(), 0)
})

void t.test('several handles open one new folder at once', async (t) => {
  const { folder, cleanUp, store } = await openEmbedded()
  t.teardown(cleanUp)
  await store.close()
  const fresh = `${folder}-fresh`
  const stores = await Promise.all(Array.from({ length: 6 }, () => openEmbeddedReadStore(fresh)))
  const [first, second] = stores
  await first!.promote(await first!.create(projection, 1, collections))
  t.ok(await second!.live(projection))
  await Promise.all(stores.map((store) => store.close()))
})

for (const [file, older] of [
  [
    'one checkpoint a build',
    `ALTER TABLE builds DROP COLUMN units; ALTER TABLE builds RENAME COLUMN checkpoints TO checkpoint;
      DROP TABLE leases; UPDATE builds SET checkpoint = json_extract(checkpoint, '$[0]')`,
  ],
  ['units of work without names', 'ALTER TABLE builds DROP COLUMN units'],
] as const) {
  void t.test(`a file of earlier days, with ${file}, goes on where it was`, async (t) => {
    const { folder, store, again } = await opened(t)
    const build = await store.create(projection, 1, collections)
    await store.promote(build)
    await build.commit(counterUnit(0))
    await store.close()
    const database = openDatabase(`${folder}/read-models.db`)
    database.exec(older)
    closeDatabase(database)
    const live = (await (await again()).live(projection))!
    t.same([live.build, live.partitions, await live.checkpoint()], [build.build, 1, 1])
    t.equal(await live.lastUnit(0), '')
    await live.commit({ ...counterUnit(1), after: '', name: 'second' })
    t.equal(await live.lastUnit(0), 'second')
    t.same(await disagreements(live), [])
  })
}

async function opened(t: Test) {
  const under = await openEmbedded()
  t.teardown(() => under.cleanUp())
  return under
}
