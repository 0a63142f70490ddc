import type { Test } from 'tap'
import { built, commit, people, projection, promoted, put, texts } from './census.js'
import type { DeclareTest } from './under-test.js'

export function builds(test: DeclareTest): void {
  test('shows nobody a build before it is promoted', async (t, store, under) => {
    const other = await under.again()
    const build = await built(store)
    await commit(build, people)
    t.equal(await store.live(projection), undefined)
    t.same(await store.all(), [])
    await store.promote(build)
    for (const handle of [store, other]) {
      const live = (await handle.live(projection))!
      t.same([live.projection, live.version, live.build], [projection, 3, build.build])
      t.equal(await live.checkpoint(), 1)
      t.equal(await live.count('people'), people.length)
    }
    t.equal(await store.live('another'), undefined)
  })

  test('replaces the live build in one step, for every handle', async (t, store, under) => {
    const other = await under.again()
    const old = await promoted(store)
    await commit(old, [put('a', { old: true })])
    t.equal((await other.live(projection))?.build, old.build)
    const build = await built(store, 4)
    await commit(build, [put('a', { old: false })])
    await store.promote(build, { build: old, at: [1] })
    const live = (await other.live(projection))!
    t.same([live.build, live.version], [build.build, 4])
    t.same(await texts(live, ['a']), { a: '{"old":false}' })
    t.same(
      (await other.all()).map(({ build }) => build),
      [build.build],
    )
  })

  test('fences the runners and readers of a build that was replaced', async (t, store, under) => {
    const old = await promoted(store)
    await commit(old, people)
    const elsewhere = (await (await under.again()).live(projection))!
    t.equal((await elsewhere.page('people', { index: 'byAge', limit: 1 })).rows.length, 1)
    const build = await built(store)
    await store.promote(build, { build: old, at: [1] })
    for (const stale of [old, elsewhere]) {
      await t.rejects(stale.commit({ expected: 1, checkpoint: 2, writes: {} }), { code: 'fenced' })
      await t.rejects(stale.checkpoint(), { code: 'fenced' })
      // An engine may take its time to remove the documents. Until then they answer; never with less.
      await fencedOr(t, stale.getMany('people', ['amy']), (rows) => rows.length === 1)
      await fencedOr(t, stale.getMany('people', ['amy', 'bob']), (rows) => rows.length === 2)
      await fencedOr(t, stale.page('people', { index: 'byAge', limit: 2 }), ({ rows }) => rows.length === 2)
      await fencedOr(t, stale.count('people'), (count) => count === people.length)
    }
    t.equal(await build.checkpoint(), 0)
  })

  test('refuses to promote when the live build is not the expected one or has moved on', async (t, store) => {
    const old = await promoted(store)
    await commit(old, people)
    const build = await built(store)
    const rival = await built(store)
    await t.rejects(store.promote(build), { code: 'fenced' }, 'there is a live build')
    await t.rejects(store.promote(build, { build: old, at: [0] }), { code: 'fenced' }, 'it has moved on')
    await t.rejects(store.promote(build, { build: rival, at: [0] }), { code: 'fenced' }, 'it is another one')
    t.equal((await store.live(projection))?.build, old.build)
    t.equal(await old.count('people'), people.length)
    await store.promote(build, { build: old, at: [1] })
    await t.rejects(store.promote(rival, { build: old, at: [1] }), { code: 'fenced' }, 'it has been replaced')
    await t.rejects(store.promote(build, { build, at: [0] }), { code: 'fenced' }, 'it is the live one')
    t.equal((await store.live(projection))?.build, build.build)
  })

  test('lets one of two rebuilds win', async (t, store, under) => {
    const old = await promoted(store)
    const other = await under.again()
    const [mine, theirs] = [await built(store), await built(other)]
    const outcomes = await Promise.allSettled([
      store.promote(mine, { build: old, at: [0] }),
      other.promote(theirs, { build: old, at: [0] }),
    ])
    t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    const winner = outcomes[0].status === 'fulfilled' ? mine : theirs
    t.equal((await store.live(projection))?.build, winner.build)
    t.equal((await other.live(projection))?.build, winner.build)
  })

  test('discards a build that was not promoted, and no other', async (t, store) => {
    const live = await promoted(store)
    const build = await built(store)
    await commit(build, people)
    await store.discard(build)
    await t.rejects(build.commit({ expected: 1, checkpoint: 2, writes: {} }), { code: 'fenced' })
    await t.rejects(store.promote(build, { build: live, at: [0] }), { code: 'fenced' })
    await t.rejects(store.discard(live), { code: 'fenced' })
    t.equal((await store.live(projection))?.build, live.build)
  })

  test('keeps projections apart', async (t, store) => {
    const one = await promoted(store)
    const two = await store.create('two', 1, { people: {} })
    await store.promote(two)
    await commit(one, people)
    t.equal(await two.checkpoint(), 0)
    t.equal(await two.count('people'), 0)
    t.same((await store.all()).map(({ projection }) => projection).sort(), [projection, 'two'].sort())
  })
}

async function fencedOr<T>(t: Test, answer: Promise<T>, isRight: (answer: T) => boolean): Promise<void> {
  const [outcome] = await Promise.allSettled([answer])
  if (outcome.status === 'fulfilled') t.ok(isRight(outcome.value))
  else t.match(outcome.reason, { code: 'fenced' })
}
