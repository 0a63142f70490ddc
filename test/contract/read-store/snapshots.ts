import {
  built,
  commit,
  everything,
  idsOf,
  people,
  projection,
  promoted,
  put,
  remove,
  texts,
} from './census.js'
import type { DeclareTest } from './under-test.js'

export function snapshots(test: DeclareTest): void {
  test(
    'freezes a snapshot while commits go on',
    async (t, store) => {
      const build = await promoted(store)
      await commit(build, people)
      const snapshot = await build.snapshot()
      const before = await everything(snapshot)
      await commit(build, [put('amy', { age: 1 }), put('new', { age: 2 }), remove('bob')])
      t.same(await everything(snapshot), before)
      t.equal(await snapshot.checkpoint(), 1)
      t.same(await texts(snapshot, ['new', 'bob']), { bob: '{"age":30,"city":"Berlin"}' })
      t.equal(await snapshot.count('people'), people.length)
      t.same([snapshot.projection, snapshot.version, snapshot.build], [projection, 3, build.build])
      await snapshot.close()
      t.equal(await build.checkpoint(), 2)
    },
    'history',
  )

  test(
    'answers from a snapshot whose build was replaced meanwhile',
    async (t, store) => {
      const old = await promoted(store)
      await commit(old, people)
      const snapshot = await old.snapshot()
      await store.promote(await built(store), { build: old, at: [1] })
      t.equal(await snapshot.count('people'), people.length)
      t.equal(await snapshot.checkpoint(), 1)
      await snapshot.close()
      await t.rejects(old.snapshot(), { code: 'fenced' })
    },
    'history',
  )

  test('gives as many snapshots as are asked for, while nothing moves', async (t, store) => {
    const build = await promoted(store)
    await commit(build, people)
    const snapshots = [await build.snapshot(), await build.snapshot()]
    for (const snapshot of snapshots) {
      t.same(await everything(snapshot), await everything(build))
      t.same(await texts(snapshot, ['dan', 'nobody']), { dan: '{"age":30,"city":"Berlin"}' })
      t.same(await idsOf(snapshot, 'people', { index: 'byAge', limit: 2 }), [
        'eve',
        'bob',
        'dan',
        'amy',
        'cat',
      ])
      t.equal(await snapshot.count('people'), people.length)
      t.same(await snapshot.page('notes', { limit: 1 }), { rows: [] })
      await snapshot.close()
    }
  })
}
