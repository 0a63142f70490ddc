import t from 'tap'
import { born, moneyIn, moved, movedTo } from './money.js'
import { openTidemark } from './tidemark.js'

void t.test('user info is as of the money’s event time, field by field', async (t) => {
  const tidemark = await openTidemark(t)
  const { fold, money, differences } = moneyIn(tidemark)
  await tidemark.append(
    movedTo('PL', '2020-01-01T00:00:00Z'),
    born(1984, '2020-01-03T00:00:00Z'),
    movedTo('DE', '2020-01-05T00:00:00Z'),
    moved({ id: 'm0', at: '2019-12-31T23:59:59.999Z' }),
    moved({ id: 'm1', at: '2020-01-02T00:00:00Z' }),
    moved({ id: 'm2', at: '2020-01-04T00:00:00Z' }),
    moved({ id: 'm3', at: '2020-01-06T00:00:00Z' }),
    moved({ id: 'other', user: 'v', at: '2020-01-06T00:00:00Z' }),
  )
  await fold()
  t.same(await money(), [
    'm0 none, first, r1',
    'm1 none, ? in PL, r1',
    'm2 none, 1984 in PL, r1',
    'm3 none, 1984 in DE, r1',
    'other none, first, r1',
  ])
  t.same(await differences(), [])
})

void t.test('money and user event at the same instant: the event is seen', async (t) => {
  const at = '2020-01-01T12:00:00Z'
  for (const order of [
    [movedTo('PL', at), moved({ id: 'm', at })],
    [moved({ id: 'm', at }), movedTo('PL', at)],
  ]) {
    const tidemark = await openTidemark(t)
    await tidemark.append(...order)
    await moneyIn(tidemark).fold()
    t.match((await moneyIn(tidemark).money())[0], /^m none, \? in PL, first/)
  }
})

void t.test('of several changes at one instant the greatest id counts, bytewise', async (t) => {
  const at = '2020-01-01T00:00:00Z'
  // In the order of UTF-16 these two change places.
  const changes = [movedTo('PL', at, 'u', 'ﬁ'), movedTo('DE', at, 'u', '🙂'), movedTo('SE', at, 'u', 'a')]
  for (const order of [changes, [...changes].reverse(), [changes[1]!, changes[0]!, changes[2]!]]) {
    const tidemark = await openTidemark(t)
    await tidemark.append(moved({ id: 'm' }), ...order)
    await moneyIn(tidemark).fold()
    t.match((await moneyIn(tidemark).money())[0], /^m none, \? in DE, first/)
    t.same(await moneyIn(tidemark).differences(), [])
  }
})

void t.test('a late change reaches the money up to the next change, and no other', async (t) => {
  const tidemark = await openTidemark(t)
  const { fold, money, published, differences } = moneyIn(tidemark)
  await tidemark.append(
    movedTo('DE', '2020-01-05T00:00:00Z'),
    moved({ id: 'm1', at: '2020-01-01T00:00:00Z' }),
    moved({ id: 'm2', at: '2020-01-02T00:00:00Z' }),
    moved({ id: 'm3', at: '2020-01-04T23:59:59.999Z' }),
    moved({ id: 'm4', at: '2020-01-05T00:00:00Z' }),
    moved({ id: 'v1', at: '2020-01-03T00:00:00Z', user: 'v' }),
  )
  await fold()
  await tidemark.append(movedTo('PL', '2020-01-02T00:00:00Z'))
  await fold()
  t.same(await money(), [
    'm1 none, first, r1',
    'm2 none, ? in PL, r2',
    'm3 none, ? in PL, r2',
    'm4 none, ? in DE, r1',
    'v1 none, first, r1',
  ])
  t.same((await published()).slice(5), ['m2 none, ? in PL, r2', 'm3 none, ? in PL, r2'])
  t.same(await differences(), [])
})

void t.test('a change that says what was known already publishes nothing', async (t) => {
  const tidemark = await openTidemark(t)
  const { fold, money, published } = moneyIn(tidemark)
  await tidemark.append(movedTo('PL', '2020-01-01T00:00:00Z'), moved({ id: 'm' }))
  await tidemark.append(movedTo('PL', '2020-01-01T06:00:00Z'), movedTo('PL', '2019-01-01T00:00:00Z'))
  await fold()
  t.same(await money(), ['m none, ? in PL, first, r1'])
  t.equal((await published()).length, 1)
})

void t.test('an address change that arrives last and changes every document', async (t) => {
  const tidemark = await openTidemark(t)
  const { fold, money, published, differences } = moneyIn(tidemark)
  const count = 2_500
  const start = Date.UTC(2020, 0, 1)
  const all = Array.from({ length: count }, (_, n) =>
    moved({ id: `m${n}`, at: new Date(start + n * 3_600_000).toISOString() }),
  )
  for (let from = 0; from < count; from += 500) await tidemark.append(...all.slice(from, from + 500))
  await fold()
  await tidemark.append(movedTo('PL', '2019-01-01T00:00:00Z'), movedTo('DE', '2020-01-02T00:00:00Z'))
  await fold()
  const found = await money()
  t.equal(found.filter((text) => text.includes('? in PL')).length, 24)
  t.equal(found.filter((text) => text.includes('? in DE')).length, count - 24)
  t.equal((await published()).length, 3 * count - 24, 'the first change reached all, and the second most')
  t.same(await differences(), [])
})
