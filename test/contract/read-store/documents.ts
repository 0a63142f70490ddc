import type { Document } from '../../../read-store/port.js'
import { built, commit, put, remove, texts } from './census.js'
import type { DeclareTest } from './under-test.js'

export function documents(test: DeclareTest): void {
  test('gets the documents that exist, each once, in whatever order', async (t, store) => {
    const build = await built(store)
    await commit(build, [put('a', { n: 1 }), put('b', { n: 2 }), put('c', { n: 3 })])
    const ids = (await build.getMany('people', ['c', 'nobody', 'a', 'c'])).map(({ id }) => id)
    t.same(ids.sort(), ['a', 'c'])
    t.same(await build.getMany('people', []), [])
    t.same(await build.getMany('people', ['nobody']), [])
    t.same(await build.getMany('notes', ['a']), [], 'collections do not share ids')
  })

  test('gets thousands of documents at once', async (t, store) => {
    const build = await built(store)
    const ids = Array.from({ length: 2500 }, (_, n) => `id-${n}`)
    await commit(
      build,
      ids.map((id, n) => put(id, { n })),
    )
    const rows = await build.getMany('people', ids)
    t.equal(new Set(rows.map(({ id }) => id)).size, 2500)
    t.equal(rows.find(({ id }) => id === 'id-2499')?.text, '{"n":2499}')
    t.equal(await build.count('people'), 2500)
  })

  test('overwrites and deletes', async (t, store) => {
    const build = await built(store)
    await commit(build, [put('a', { n: 1 }), put('b', { n: 2 })])
    await commit(build, [put('a', { other: true }), remove('b'), remove('nobody')])
    t.same(await texts(build, ['a', 'b']), { a: '{"other":true}' })
    t.equal(await build.count('people'), 1)
  })

  test('keeps the last of several writes to one id', async (t, store) => {
    const build = await built(store)
    await commit(build, [
      put('a', { n: 1 }),
      put('b', { n: 1 }),
      remove('a'),
      put('a', { n: 2 }),
      put('b', { n: 2 }),
      remove('b'),
    ])
    t.same(await texts(build, ['a', 'b']), { a: '{"n":2}' })
  })

  test('keeps the text of a document byte for byte', async (t, store) => {
    const build = await built(store)
    const documents: Record<string, Document> = {
      order: { z: 1, a: 2, '10': 3, '9': 4 },
      unicode: { text: 'zażółć 💶 \u2028 \u0000 \ud800 "quoted" \\ \n', ключ: 'ß' },
      numbers: {
        big: Number.MAX_SAFE_INTEGER,
        small: 5e-324,
        huge: 1.7976931348623157e308,
        tenth: 0.1,
        zero: -0,
      },
      nested: { list: [1, [2, { deep: null }]], empty: {}, none: [], yes: true },
      long: { text: 'x'.repeat(100_000) },
      empty: {},
    }
    const ids = Object.keys(documents)
    await commit(
      build,
      ids.map((id) => put(id, documents[id]!)),
    )
    const expected = Object.fromEntries(ids.map((id) => [id, JSON.stringify(documents[id])]))
    t.same(await texts(build, ids), expected)
  })

  test('takes ids of any alphabet and some length', async (t, store) => {
    const build = await built(store)
    const ids = ['48123/2020-01', 'żółw', '💶', 'a b', "o'brien", 'x'.repeat(500), '"', '%', '$id']
    await commit(
      build,
      ids.map((id, n) => put(id, { n })),
    )
    for (const [n, id] of ids.entries()) {
      t.same(await build.getMany('people', [id]), [{ id, text: `{"n":${n}}` }])
    }
    t.equal((await build.getMany('people', ids)).length, ids.length)
  })
}
