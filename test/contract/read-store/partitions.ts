import type { ReadModel } from '../../../read-store/port.js'
import { collections, idsOf, projection, put, texts } from './census.js'
import type { DeclareTest } from './under-test.js'

export function partitions(test: DeclareTest): void {
  test('moves the checkpoint of each partition by itself', async (t, store, under) => {
    const build = await store.create(projection, 3, collections, 3)
    t.equal(build.partitions, 3)
    t.same(await checkpoints(build), [0, 0, 0])
    await build.commit({ expected: 0, checkpoint: 7, writes: { people: [put('a', {})] } })
    await build.commit({ partition: 2, expected: 0, checkpoint: 9, writes: { people: [put('c', {})] } })
    t.same(await checkpoints(build), [7, 0, 9])
    t.equal(await build.checkpoint(), 0, 'the least of them')
    await build.commit({ partition: 1, expected: 0, checkpoint: 8, writes: { people: [put('b', {})] } })
    t.equal(await build.checkpoint(), 7)
    t.same(await idsOf(build, 'people', { limit: 9 }), ['a', 'b', 'c'], 'they share the collections')
    await store.promote(build)
    const elsewhere = (await (await under.again()).live(projection))!
    t.equal(elsewhere.partitions, 3)
    t.same(await checkpoints(elsewhere), [7, 8, 9])
  })

  test('fences a runner of one partition, and not those of the others', async (t, store, under) => {
    const mine = await store.create(projection, 3, collections, 2)
    await store.promote(mine)
    const theirs = (await (await under.again()).live(projection))!
    await theirs.commit({ partition: 1, expected: 0, checkpoint: 5, writes: {} })
    const late = { partition: 1, expected: 0, checkpoint: 6, writes: { people: [put('late', {})] } }
    await t.rejects(mine.commit(late), { code: 'fenced', message: /\b5\b.*\b0\b/ })
    await mine.commit({ partition: 0, expected: 0, checkpoint: 6, writes: { people: [put('mine', {})] } })
    t.same(await checkpoints(mine), [6, 5])
    t.same(await idsOf(mine, 'people', { limit: 9 }), ['mine'])
  })

  test('takes units of all partitions at once', async (t, store) => {
    const build = await store.create(projection, 3, collections, 4)
    const units = Array.from({ length: 40 }, (_, n) => ({
      partition: n % 4,
      expected: Math.floor(n / 4),
      checkpoint: Math.floor(n / 4) + 1,
      writes: { people: [put(`${n % 4}`, { n }), put(`one of ${n}`, {})] },
    }))
    await Promise.all(units.map((unit) => build.commit(unit)))
    t.same(await checkpoints(build), [10, 10, 10, 10])
    t.same(await texts(build, ['0', '3']), { '0': '{"n":36}', '3': '{"n":39}' })
    t.equal(await build.count('people'), 44)
  })

  test('promotes only where every partition of the live build stands as expected', async (t, store) => {
    const old = await store.create(projection, 3, collections, 2)
    await store.promote(old)
    await old.commit({ partition: 1, expected: 0, checkpoint: 4, writes: {} })
    const build = await store.create(projection, 3, collections, 3)
    for (const at of [[0], [0, 0], [4, 0], [4, 4], [0, 4, 0], []])
      await t.rejects(store.promote(build, { build: old, at }), { code: 'fenced' }, `at ${at.join()}`)
    await store.promote(build, { build: old, at: [0, 4] })
    t.equal((await store.live(projection))?.partitions, 3, 'a rebuild may divide the work anew')
    for (const partition of [0, 1])
      await t.rejects(old.commit({ partition, expected: 4, checkpoint: 5, writes: {} }), { code: 'fenced' })
  })

  test('answers the checkpoints of a snapshot by partition', async (t, store) => {
    const build = await store.create(projection, 3, collections, 2)
    await build.commit({ partition: 1, expected: 0, checkpoint: 4, writes: {} })
    const snapshot = await build.snapshot()
    await build.commit({ partition: 1, expected: 4, checkpoint: 5, writes: {} })
    t.equal(snapshot.partitions, 2)
    t.same(await checkpoints(snapshot), [0, 4])
    t.equal(await snapshot.checkpoint(), 0)
    await snapshot.close()
  })

  test('refuses a partition that a build does not have', async (t, store) => {
    const build = await store.create(projection, 3, collections, 2)
    for (const partition of [2, -1, 0.5, NaN]) {
      await t.rejects(build.checkpoint(partition), RangeError)
      await t.rejects(build.commit({ partition, expected: 0, checkpoint: 1, writes: {} }), RangeError)
    }
    t.same(await checkpoints(build), [0, 0])
    for (const partitions of [0, -1, 1.5])
      await t.rejects(store.create(projection, 3, collections, partitions), RangeError)
  })
}

function checkpoints(model: ReadModel): Promise<number[]> {
  return Promise.all(Array.from({ length: model.partitions }, (_, partition) => model.checkpoint(partition)))
}
