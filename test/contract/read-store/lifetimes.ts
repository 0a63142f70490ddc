import { commit, everything, idsOf, people, projection, promoted, put } from './census.js'
import type { DeclareTest } from './under-test.js'

export function lifetimes(test: DeclareTest): void {
  test('gives scratch space that nobody else sees and that is gone once closed', async (t, store) => {
    const build = await promoted(store)
    const scratch = await store.scratch()
    const another = await store.scratch()
    t.equal(await scratch.live(projection), undefined)
    const trial = await promoted(scratch)
    await commit(trial, people)
    t.equal(await trial.count('people'), people.length)
    t.equal(await build.count('people'), 0)
    t.same(await another.all(), [])
    t.equal((await store.live(projection))?.build, build.build)
    await scratch.close()
    await another.close()
    await commit(build, people)
    t.equal(await build.count('people'), people.length)
  })

  test('keeps everything when it is closed and opened again', async (t, store, under) => {
    const build = await promoted(store)
    await commit(build, people)
    const before = await everything(build)
    await store.close()
    const again = await under.again()
    const live = (await again.live(projection))!
    t.same([live.build, live.version, await live.checkpoint()], [build.build, 3, 1])
    t.same(await everything(live), before)
    t.same(await idsOf(live, 'people', { index: 'byAge', limit: 2 }), ['eve', 'bob', 'dan', 'amy', 'cat'])
    await commit(live, [put('zoe', { age: 1 })])
    t.equal(await live.count('people'), people.length + 1)
  })
}
