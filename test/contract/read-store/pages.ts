import type { Query } from '../../../read-store/port.js'
import { built, commit, ids, idsOf, people, promoted, put, remove } from './census.js'
import type { DeclareTest } from './under-test.js'

export function pages(test: DeclareTest): void {
  const alphabet = ['A', 'B', 'a', 'aa', 'b', 'é', 'ﬁ']

  test('pages through the ids, bytewise, forward and in reverse', async (t, store) => {
    const build = await built(store)
    await commit(
      build,
      [...alphabet].reverse().map((id) => put(id, {})),
    )
    t.same(await idsOf(build, 'people', { limit: 3 }), alphabet)
    t.same(await idsOf(build, 'people', { limit: 3, reverse: true }), [...alphabet].reverse())
    t.same(await idsOf(build, 'people', { limit: 100, from: 'a', to: 'b' }), ['a', 'aa'])
    t.same(await idsOf(build, 'people', { limit: 1, from: 'a', to: 'b', reverse: true }), ['aa', 'a'])
  })

  test(
    'orders what is written in two units of UTF-16 bytewise too',
    async (t, store) => {
      const build = await built(store)
      await commit(build, [put('💶', {}), ...alphabet.map((id) => put(id, { age: id }))])
      await commit(build, [put('x', { age: '💶' })])
      t.same(await idsOf(build, 'people', { limit: 3, from: 'é' }), ['é', 'ﬁ', '💶'])
      t.same(await idsOf(build, 'people', { index: 'byAge', limit: 1, from: 'é' }), ['é', 'ﬁ', 'x'])
    },
    'bytewise order',
  )

  test('answers at most the limit, and a next only where there is more', async (t, store) => {
    const build = await built(store)
    await commit(build, [put('a', { n: 1 }), put('b', { n: 2 }), put('c', { n: 3 })])
    const first = await build.page('people', { limit: 2 })
    t.same(first.rows, [
      { id: 'a', text: '{"n":1}' },
      { id: 'b', text: '{"n":2}' },
    ])
    const second = await build.page('people', { limit: 2, after: first.next! })
    t.same(second.rows, [{ id: 'c', text: '{"n":3}' }])
    t.equal(second.next, undefined)
    t.equal((await build.page('people', { limit: 3 })).next, undefined, 'none left')
    t.same(await build.page('notes', { limit: 3 }), { rows: [] })
  })

  test('neither repeats nor skips what stays, while documents come and go between pages', async (t, store) => {
    const build = await built(store)
    const query = { index: 'byAge', limit: 2 }
    await commit(
      build,
      [10, 20, 30, 40, 50].map((age) => put(`p${age}`, { age })),
    )
    const first = await build.page('people', query)
    t.same(ids(first.rows), ['p10', 'p20'])
    await commit(build, [put('early', { age: 5 }), put('soon', { age: 21 }), remove('p20'), remove('p30')])
    const second = await build.page('people', { ...query, after: first.next! })
    t.same(ids(second.rows), ['soon', 'p40'])
    const third = await build.page('people', { ...query, after: second.next! })
    t.same(ids(third.rows), ['p50'])
  })

  test('refuses a cursor of another list, and what is no cursor at all', async (t, store) => {
    const build = await built(store)
    await commit(build, people)
    const query = { index: 'byCityAndAge', equals: ['Berlin'], limit: 1 }
    const { next } = await build.page('people', query)
    const refused = async (collection: string, other: Query) =>
      t.rejects(build.page(collection, other), { code: 'invalid-cursor' }, JSON.stringify(other))
    await refused('people', { limit: 1, after: next! })
    await refused('people', { ...query, reverse: true, after: next! })
    await refused('people', { ...query, equals: ['Aachen'], after: next! })
    await refused('people', { ...query, index: 'byAge', equals: [], after: next! })
    await refused('notes', { limit: 1, after: next! })
    for (const after of ['', 'x', 'bm9uZQ', 'W10', '💶', `${next}${next}`])
      await refused('people', { ...query, after })
    t.equal((await build.page('people', { ...query, after: next! })).rows.length, 1)
  })

  test('goes on with a cursor after the projection was rebuilt', async (t, store) => {
    const old = await promoted(store)
    await commit(old, people)
    const { next } = await old.page('people', { index: 'byAge', limit: 2 })
    const build = await built(store)
    await commit(build, people)
    await store.promote(build, { build: old, at: [1] })
    t.same(ids((await build.page('people', { index: 'byAge', limit: 9, after: next! })).rows), [
      'dan',
      'amy',
      'cat',
    ])
  })
}
