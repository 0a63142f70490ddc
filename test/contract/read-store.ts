import t, { type Test } from 'tap'
import type {
  Build,
  Collections,
  Document,
  Query,
  ReadModel,
  ReadStore,
  Row,
  Write,
} from '../../read-store/port.js'

/** An empty read store of one engine, for one test. */
export interface ReadStoreUnderTest {
  readonly store: ReadStore
  /** A second handle on the same data, as another process has one; also after `store` was closed. */
  readonly again: () => Promise<ReadStore>
  /** Closes what is open and removes the data. */
  readonly cleanUp: () => Promise<void>
}

/**
 * What a server may be unable to do that speaks an engine's protocol and is not the real one: read the past, or
 * order text beyond U+FFFF by its bytes.
 */
export type Ability = 'history' | 'bytewise order'
export const allAbilities: ReadonlySet<Ability> = new Set(['history', 'bytewise order'])

/**
 * What every read store does. Engines differ in how documents lie in them: a test may rely on ids and declared
 * indexes for an order, and on nothing else.
 */
export function readStoreContract(
  engine: string,
  open: () => Promise<ReadStoreUnderTest>,
  abilities = allAbilities,
): void {
  const test = declaring(engine, open, abilities)
  documents(test)
  paging(test)
  unitsOfWork(test)
  partitions(test)
  builds(test)
  lifetimes(test)
  leases(test)
}

/** The part of it that is about one build of one partition. */
export function buildContract(engine: string, open: () => Promise<ReadStoreUnderTest>): void {
  const test = declaring(engine, open, allAbilities)
  documents(test)
  paging(test)
  unitsOfWork(test)
}

function declaring(
  engine: string,
  open: () => Promise<ReadStoreUnderTest>,
  abilities: ReadonlySet<Ability>,
): DeclareTest {
  return (behaviour, run, needed) => {
    const skip = needed && !abilities.has(needed) && `this server has no ${needed}`
    void t.test(`${engine}: ${behaviour}`, { skip: skip || false }, async (t) => {
      const under = await open()
      t.teardown(() => under.cleanUp())
      await run(t, under.store, under)
    })
  }
}

type DeclareTest = (
  behaviour: string,
  run: (t: Test, store: ReadStore, under: ReadStoreUnderTest) => Promise<void>,
  needed?: Ability,
) => void

function documents(test: DeclareTest): void {
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

function paging(test: DeclareTest): void {
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

  test('pages through an index: its fields first, then the id', async (t, store) => {
    const build = await built(store)
    await commit(build, people)
    const byAge = ['eve', 'bob', 'dan', 'amy', 'cat']
    t.same(await idsOf(build, 'people', { index: 'byAge', limit: 2 }), byAge)
    t.same(await idsOf(build, 'people', { index: 'byAge', limit: 2, reverse: true }), [...byAge].reverse())
    const byCity = ['cat', 'bob', 'dan', 'amy', 'flo', 'eve']
    t.same(await idsOf(build, 'people', { index: 'byCityAndAge', limit: 1 }), byCity)
    t.same(
      await idsOf(build, 'people', { index: 'byCityAndAge', limit: 4, reverse: true }),
      [...byCity].reverse(),
    )
  })

  test('narrows an index down to equal fields and a range of the next', async (t, store) => {
    const build = await built(store)
    await commit(build, people)
    const city = (query: Partial<Query>) =>
      idsOf(build, 'people', { index: 'byCityAndAge', limit: 1, equals: ['Berlin'], ...query })
    t.same(await city({}), ['bob', 'dan', 'amy'])
    t.same(await city({ reverse: true }), ['amy', 'dan', 'bob'])
    t.same(await city({ from: 31 }), ['amy'])
    t.same(await city({ to: 40 }), ['bob', 'dan'])
    t.same(await city({ from: 30, to: 40, reverse: true }), ['dan', 'bob'])
    t.same(await city({ equals: ['Berlin', 30] }), ['bob', 'dan'])
    t.same(await city({ equals: ['Berlin', 30], from: 'c' }), ['dan'], 'after all fields comes the id')
    t.same(await city({ equals: ['Oslo'] }), [])
    t.same(await idsOf(build, 'people', { index: 'byAge', limit: 1, from: 30, to: 41 }), [
      'bob',
      'dan',
      'amy',
    ])
    t.same(await idsOf(build, 'people', { index: 'byAge', limit: 1, equals: [30] }), ['bob', 'dan'])
    t.same(await idsOf(build, 'people', { index: 'byAge', limit: 1, equals: [30], from: 'c' }), ['dan'])
    t.same(
      await idsOf(build, 'people', { index: 'byAge', limit: 1, equals: [30], to: 9 }),
      [],
      'no id is a number',
    )
  })

  test('leaves a document out of an index whose first field is absent or null', async (t, store) => {
    const build = await built(store)
    await commit(build, [put('a', {}), put('b', { age: null }), put('c', { age: 0 }), put('d', { city: '' })])
    t.same(await idsOf(build, 'people', { index: 'byAge', limit: 10 }), ['c'])
    t.same(await idsOf(build, 'people', { index: 'byCityAndAge', limit: 10 }), ['d'])
    t.equal(await build.count('people'), 4)
    await commit(build, [put('a', { age: 1 }), put('c', {})])
    t.same(await idsOf(build, 'people', { index: 'byAge', limit: 10 }), ['a'])
  })

  test('pages past documents whose later fields are absent: they come first', async (t, store) => {
    const build = await built(store)
    const city = 'Berlin'
    await commit(build, [put('a', { city }), put('b', { city, age: -5 }), put('c', { city, age: null })])
    const query = { index: 'byCityAndAge', equals: [city], limit: 1 }
    t.same(await idsOf(build, 'people', query), ['a', 'c', 'b'])
    t.same(await idsOf(build, 'people', { ...query, reverse: true }), ['b', 'c', 'a'])
    t.same(await idsOf(build, 'people', { ...query, to: 0 }), ['b'], 'what is absent is not less than 0')
  })

  test('moves a document in its indexes when its fields change', async (t, store) => {
    const build = await built(store)
    await commit(build, people)
    await commit(build, [put('eve', { age: 99, city: 'Aachen' }), remove('bob')])
    t.same(await idsOf(build, 'people', { index: 'byAge', limit: 2 }), ['dan', 'amy', 'cat', 'eve'])
    t.same(await idsOf(build, 'people', { index: 'byCityAndAge', limit: 1, equals: ['Aachen'] }), [
      'cat',
      'eve',
    ])
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

function unitsOfWork(test: DeclareTest): void {
  test('starts at checkpoint 0 and moves it with the documents', async (t, store) => {
    const build = await built(store)
    t.equal(await build.checkpoint(), 0)
    await build.commit({
      expected: 0,
      checkpoint: 17,
      writes: { people: [put('a', {})], notes: [put('n', {})] },
    })
    t.equal(await build.checkpoint(), 17)
    t.equal(await build.count('notes'), 1)
    await build.commit({ expected: 17, checkpoint: 2 ** 40, writes: {} })
    t.equal(await build.checkpoint(), 2 ** 40)
  })

  test('is fenced where the checkpoint is not as expected, and leaves nothing', async (t, store) => {
    const build = await built(store)
    await build.commit({ expected: 0, checkpoint: 5, writes: { people: [put('a', { n: 1 })] } })
    const late = {
      expected: 0,
      checkpoint: 9,
      writes: { people: [put('a', { n: 2 }), put('b', {})], notes: [] },
    }
    await t.rejects(build.commit(late), { code: 'fenced', message: /\b5\b.*\b0\b/ })
    t.equal(await build.checkpoint(), 5)
    t.same(await texts(build, ['a', 'b']), { a: '{"n":1}' })
  })

  test('takes the next unit before the one before is answered, and keeps their order', async (t, store) => {
    const build = await built(store)
    await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        build.commit({
          expected: n,
          checkpoint: n + 1,
          writes: { people: [put('a', { n }), put(`b${n}`, {})] },
        }),
      ),
    )
    t.equal(await build.checkpoint(), 50)
    t.same(await texts(build, ['a']), { a: '{"n":49}' })
    t.equal(await build.count('people'), 51)
  })

  test('refuses every unit in line behind one that was fenced', async (t, store) => {
    const build = await built(store)
    const outcomes = await Promise.allSettled([
      build.commit({ expected: 0, checkpoint: 1, writes: {} }),
      build.commit({ expected: 7, checkpoint: 8, writes: { people: [put('x', {})] } }),
      build.commit({ expected: 8, checkpoint: 9, writes: { people: [put('y', {})] } }),
    ])
    t.same(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'rejected'],
    )
    t.equal(await build.checkpoint(), 1)
    t.equal(await build.count('people'), 0)
  })

  test('lets one of two runners win each position', async (t, store, under) => {
    const one = await promoted(store)
    const two = (await (await under.again()).live(projection))!
    const wins = { one: 0, two: 0 }
    for (let at = 0; at < 20; at++) {
      const unit = (by: string) => ({
        expected: at,
        checkpoint: at + 1,
        writes: { people: [put('won', { by })] },
      })
      const [first, second] = await Promise.allSettled([one.commit(unit('one')), two.commit(unit('two'))])
      t.not(first.status, second.status, `position ${at}: exactly one of them`)
      const winner = first.status === 'fulfilled' ? 'one' : 'two'
      wins[winner]++
      t.same(await texts(one, ['won']), { won: JSON.stringify({ by: winner }) })
    }
    t.equal(wins.one + wins.two, await two.checkpoint())
  })
}

function partitions(test: DeclareTest): void {
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

function builds(test: DeclareTest): void {
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

  test('says by its version that something was written, whoever wrote it', async (t, store, under) => {
    const other = await under.again()
    const build = await promoted(store)
    const changes: [string, () => Promise<unknown>][] = [
      ['nothing', async () => {}],
      ['its own unit of work', () => commit(build, people)],
      ["another handle's", async () => commit((await other.live(projection))!, [put('a', {})])],
      ['a unit that leaves the checkpoint', () => build.commit({ expected: 2, checkpoint: 2, writes: note })],
      ['a build', async () => other.promote(await built(other, 4), { build, at: [2] })],
      ['nothing again', async () => {}],
    ]
    for (const [what, change] of changes) {
      const before = store.dataVersion()
      t.equal(store.dataVersion(), before)
      await change()
      const isOther = store.dataVersion() !== before
      t.equal(isOther, before !== undefined && !what.startsWith('nothing'), what)
    }
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

function lifetimes(test: DeclareTest): void {
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

function leases(test: DeclareTest): void {
  const long = 600_000

  test('gives a lease to one holder at a time', async (t, store, under) => {
    const other = await under.again()
    t.equal(await store.lease('data-plans/0', 'one', long), true)
    t.equal(await other.lease('data-plans/0', 'two', long), false)
    t.equal(await store.lease('data-plans/0', 'one', long), true, 'renewed')
    t.equal(await other.lease('data-plans/1', 'two', long), true, 'another lease')
    const held = await other.leases()
    t.same(
      held.map(({ name, holder }) => [name, holder]),
      [
        ['data-plans/0', 'one'],
        ['data-plans/1', 'two'],
      ],
    )
    for (const { left } of held) t.ok(left > long / 2 && left <= long, `${left} ms left`)
  })

  test('gives a released lease to the next', async (t, store) => {
    await store.lease('a', 'one', long)
    await store.release('a', 'two')
    t.equal(await store.lease('a', 'two', long), false, 'nobody gives back what another one holds')
    await store.release('a', 'one')
    t.same(await store.leases(), [])
    t.equal(await store.lease('a', 'two', long), true)
    t.equal(await store.lease('a', 'one', long), false)
  })

  test('gives a lease to another holder when its time is over, and not before', async (t, store, under) => {
    const other = await under.again()
    const start = performance.now()
    t.equal(await store.lease('a', 'one', 150), true)
    while (!(await other.lease('a', 'two', long))) {
      // A server whose clock was set back keeps a lease for longer: better to say so than to run into a timeout.
      const [held] = await other.leases()
      if (held && held.left > 150) throw new Error(`${held.holder} has ${held.left} ms of 150 left`)
    }
    t.ok(performance.now() - start > 140, 'it was held')
    t.equal(await store.lease('a', 'one', long), false)
    t.match(await store.leases(), [{ name: 'a', holder: 'two' }])
  })

  test('forgets a lease whose time is over', async (t, store) => {
    await store.lease('a', 'one', 1)
    while ((await store.leases()).length > 0);
    t.same(await store.leases(), [])
  })

  test('gives a free lease to one of many who want it', async (t, store, under) => {
    const other = await under.again()
    const wanting = Array.from({ length: 8 }, (_, n) =>
      (n % 2 === 0 ? store : other).lease('a', `holder ${n}`, long),
    )
    const answers = await Promise.all(wanting)
    t.equal(answers.filter(Boolean).length, 1)
    t.match(await store.leases(), [{ holder: `holder ${answers.indexOf(true)}` }])
  })

  test('takes names and holders of any alphabet', async (t, store) => {
    for (const text of ['$holder', '$$NOW', 'a.b', 'żółw 💶', "o'brien"]) {
      t.equal(await store.lease(text, text, long), true)
      t.equal(await store.lease(text, 'x', long), false, text)
      t.match(await store.leases(), [{ name: text, holder: text }])
      await store.release(text, text)
    }
  })
}

const projection = 'census'
const collections: Collections = {
  people: { indexes: { byAge: ['age'], byCityAndAge: ['city', 'age'] } },
  notes: {},
}

const people: Write[] = [
  put('amy', { age: 40, city: 'Berlin' }),
  put('bob', { age: 30, city: 'Berlin' }),
  put('cat', { age: 50, city: 'Aachen' }),
  put('dan', { age: 30, city: 'Berlin' }),
  put('eve', { age: 20.5, city: 'Zürich' }),
  put('flo', { city: 'Zürich' }),
]

function built(store: ReadStore, version = 3): Promise<Build> {
  return store.create(projection, version, collections)
}

async function promoted(store: ReadStore): Promise<Build> {
  const build = await built(store)
  await store.promote(build)
  return build
}

/** One unit more, which moves the checkpoint by one. */
async function commit(build: Build, writes: readonly Write[]): Promise<void> {
  const expected = await build.checkpoint()
  await build.commit({ expected, checkpoint: expected + 1, writes: { people: writes } })
}

function checkpoints(model: ReadModel): Promise<number[]> {
  return Promise.all(Array.from({ length: model.partitions }, (_, partition) => model.checkpoint(partition)))
}

const note = { people: [put('note', {})] }

function put(id: string, document: Document): Write {
  return { id, document }
}

function remove(id: string): Write {
  return { id, document: undefined }
}

function ids(rows: readonly Row[]): string[] {
  return rows.map(({ id }) => id)
}

async function texts(model: ReadModel, wanted: readonly string[]): Promise<Record<string, string>> {
  const rows = await model.getMany('people', wanted)
  return Object.fromEntries(rows.map(({ id, text }) => [id, text]))
}

async function fencedOr<T>(t: Test, answer: Promise<T>, isRight: (answer: T) => boolean): Promise<void> {
  const [outcome] = await Promise.allSettled([answer])
  if (outcome.status === 'fulfilled') t.ok(isRight(outcome.value))
  else t.match(outcome.reason, { code: 'fenced' })
}

/** All ids of a list, page by page; every page but the last must be full. */
async function idsOf(model: ReadModel, collection: string, query: Query): Promise<string[]> {
  const found: string[] = []
  let after: string | undefined
  do {
    const page = await model.page(collection, after === undefined ? query : { ...query, after })
    if (page.next !== undefined && page.rows.length !== query.limit)
      throw new Error('a page in between is not full')
    found.push(...ids(page.rows))
    after = page.next
  } while (after !== undefined)
  return found
}

async function everything(model: ReadModel): Promise<Row[]> {
  return [...(await model.page('people', { limit: 1000 })).rows]
}
