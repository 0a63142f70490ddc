import type { Query } from '../../../read-store/port.js'
import { built, commit, idsOf, people, put, remove } from './census.js'
import type { DeclareTest } from './under-test.js'

export function indexes(test: DeclareTest): void {
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
}
