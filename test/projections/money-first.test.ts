import t from 'tap'
import { began, moneyIn, moved, movedTo } from './money.js'
import { openTidemark } from './tidemark.js'

void t.test('the first of each user and type is marked: the least time, then the least id', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    moved({ id: 'b', at: '2020-01-01T00:00:00Z' }),
    moved({ id: 'c', at: '2020-01-01T00:00:00Z' }),
    moved({ id: 'd', at: '2020-01-02T00:00:00Z', type: 'BONUS' }),
    moved({ id: 'e', at: '2020-01-03T00:00:00Z', type: 'BONUS' }),
    moved({ id: 'f', at: '2020-01-03T00:00:00Z', user: 'v' }),
    moved({ id: 'g', type: '__proto__' }),
    moved({ id: 'h', type: '__proto__', at: '2020-01-03T00:00:00Z' }),
  )
  await moneyIn(tidemark).fold()
  t.same(await moneyIn(tidemark).money(), [
    'b none, first, r1',
    'c none, r1',
    'd none, first, r1',
    'e none, r1',
    'f none, first, r1',
    'g none, first, r1',
    'h none, r1',
  ])
})

void t.test('late money that takes over the first occurrence', async (t) => {
  for (const together of [true, false]) {
    const tidemark = await openTidemark(t)
    const { fold, money, published, differences } = moneyIn(tidemark)
    for (const events of [
      [moved({ id: 'm2', at: '2020-01-02T00:00:00Z' }), moved({ id: 'm3', at: '2020-01-03T00:00:00Z' })],
      [moved({ id: 'm1', at: '2020-01-01T00:00:00Z' })],
      [moved({ id: 'm0', at: '2020-01-01T00:00:00Z' })],
    ]) {
      await tidemark.append(...events)
      if (!together) await fold()
    }
    await fold()
    t.same(await money(), ['m0 none, first, r1', 'm1 none, r2', 'm2 none, r2', 'm3 none, r1'])
    t.same([...(await published())].sort(), [
      'm0 none, first, r1',
      'm1 none, first, r1',
      'm1 none, r2',
      'm2 none, first, r1',
      'm2 none, r2',
      'm3 none, r1',
    ])
    t.same(await differences(), [])
  }
})

void t.test('what changes while it is pending is published when it is not any more', async (t) => {
  const tidemark = await openTidemark(t)
  const { fold, money, published } = moneyIn(tidemark)
  await tidemark.append(moved({ id: 'm2', session: 's', at: '2020-01-02T00:00:00Z' }))
  await fold()
  await tidemark.append(
    movedTo('PL', '2020-01-01T00:00:00Z'),
    moved({ id: 'm1', at: '2020-01-01T00:00:00Z' }),
  )
  await fold()
  t.same(await money(), ['m1 none, ? in PL, first, r1', 'm2 pending, ? in PL, r0'])
  await tidemark.append(began('s', 'SE', '2020-01-02T00:00:00Z'))
  await fold()
  t.same(await published(), ['m1 none, ? in PL, first, r1', 'm2 known SE, ? in PL, r1'])
})
