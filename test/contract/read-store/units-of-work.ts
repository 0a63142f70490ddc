import { built, projection, promoted, put, texts } from './census.js'
import type { DeclareTest } from './under-test.js'

export function unitsOfWork(test: DeclareTest): void {
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

  test('is fenced where another unit was the last one, though the checkpoint is as expected', async (t, store) => {
    const build = await built(store)
    t.equal(await build.lastUnit(0), '')
    const unit = (name: string, after: string, n: number) => ({
      expected: 0,
      checkpoint: 0,
      name,
      after,
      writes: { people: [put('a', { n })] },
    })
    await build.commit(unit('one', '', 1))
    await t.rejects(build.commit(unit('another', '', 2)), {
      code: 'fenced',
      message: /another runner has written/,
    })
    t.equal(await build.lastUnit(0), 'one')
    await build.commit(unit('two', 'one', 3))
    t.same(await texts(build, ['a']), { a: '{"n":3}' })
    await build.commit({ expected: 0, checkpoint: 1, writes: {} })
    t.notOk(['', 'one', 'two'].includes(await build.lastUnit(0)), 'every unit has a name')
    await t.rejects(build.commit({ ...unit('three', 'two', 4), expected: 1, checkpoint: 1 }), {
      code: 'fenced',
    })
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
