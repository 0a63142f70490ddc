import t from 'tap'
import { periods } from './periods-in-short.js'
import { openTidemark, recorded, signed } from './tidemark.js'

void t.test('an agreement that arrives late takes over what was recorded since its start', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    signed({ id: 'old' }),
    recorded('r1', '2020-01-05T00:00:00Z', 1),
    recorded('r2', '2020-01-10T00:00:00Z', 2),
    recorded('r3', '2020-01-15T00:00:00Z', 4),
    recorded('r4', '2020-02-15T00:00:00Z', 8),
  )
  await tidemark.fold()
  await tidemark.append(signed({ id: 'new', starts: '2020-01-10T00:00:00Z' }))
  await tidemark.fold()
  t.same(await periods(tidemark), [
    'new/2020-01 2 records 6 bytes, latest r3',
    'new/2020-02 1 records 8 bytes, latest r4',
    'old/2020-01 1 records 1 bytes, latest r1',
  ])
  t.same(await tidemark.differences(), [])
})

void t.test('only up to the start of the agreement after it', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    signed({ id: 'first' }),
    signed({ id: 'last', starts: '2020-01-20T00:00:00Z' }),
    recorded('r1', '2020-01-09T23:59:59.999Z'),
    recorded('r2', '2020-01-10T00:00:00Z'),
    recorded('r3', '2020-01-19T23:59:59.999Z'),
    recorded('r4', '2020-01-20T00:00:00Z'),
    signed({ id: 'middle', starts: '2020-01-10T00:00:00Z' }),
  )
  await tidemark.fold()
  t.same(await periods(tidemark), [
    'first/2020-01 1 records 10 bytes, latest r1',
    'last/2020-01 1 records 10 bytes, latest r4',
    'middle/2020-01 2 records 20 bytes, latest r3',
  ])
})

void t.test(
  'of the same start, the later signature takes over and the earlier one gets nothing',
  async (t) => {
    const record = recorded('r', '2020-01-05T00:00:00Z')
    const early = signed({ id: 'z', signed: '2019-12-01T00:00:00Z' })
    const late = signed({ id: 'a', signed: '2019-12-02T00:00:00Z' })
    for (const order of [
      [early, late, record],
      [late, early, record],
      [early, record, late],
      [late, record, early],
      [record, early, late],
      [record, late, early],
    ]) {
      const tidemark = await openTidemark(t)
      for (const event of order) await tidemark.append(event)
      await tidemark.fold()
      t.same(await periods(tidemark), ['a/2020-01 1 records 10 bytes, latest r'])
      t.same(Object.keys(await tidemark.documents('agreements')), ['a', 'z'], 'both are known')
      t.same(await tidemark.differences(), [])
    }
  },
)

void t.test('of the same start and signature, the greatest id takes over', async (t) => {
  for (const order of [
    ['a', 'b'],
    ['b', 'a'],
  ]) {
    const tidemark = await openTidemark(t)
    await tidemark.append(signed({ id: order[0]! }), recorded('r', '2020-01-05T00:00:00Z'))
    await tidemark.append(signed({ id: order[1]! }))
    await tidemark.fold()
    t.same(await periods(tidemark), ['b/2020-01 1 records 10 bytes, latest r'])
  }
})

void t.test('each agreement keeps its own months, whatever the zone of the other', async (t) => {
  const tidemark = await openTidemark(t)
  const records = [
    // The last hour of 2011 in Warsaw is 2012 in Apia, and the hour before is too.
    recorded('r1', '2011-12-31T09:30:00Z', 1),
    recorded('r2', '2011-12-31T10:30:00Z', 2),
    recorded('r3', '2011-12-31T22:30:00Z', 4),
    recorded('r4', '2011-12-31T23:30:00Z', 8),
  ]
  await tidemark.append(
    signed({ id: 'warsaw', zone: 'Europe/Warsaw', starts: '2011-01-01T00:00:00Z' }),
    ...records,
  )
  await tidemark.fold()
  t.same(await periods(tidemark), [
    'warsaw/2011-12 3 records 7 bytes, latest r3',
    'warsaw/2012-01 1 records 8 bytes, latest r4',
  ])
  await tidemark.append(signed({ id: 'apia', zone: 'Pacific/Apia', starts: '2011-12-31T09:30:00Z' }))
  await tidemark.fold()
  t.same(await periods(tidemark), [
    'apia/2011-12 1 records 1 bytes, latest r1',
    'apia/2012-01 3 records 14 bytes, latest r4',
  ])
  t.same(await tidemark.differences(), [])
})

void t.test(
  'the split of a month keeps the latest of those that stay, ties by id, byte by byte',
  async (t) => {
    const tidemark = await openTidemark(t)
    const ids = ['a', 'ﬁ', '🙂', 'é']
    await tidemark.append(
      signed({ id: 'old' }),
      ...ids.map((id) => recorded(id, '2020-01-05T00:00:00Z')),
      recorded('later', '2020-01-06T00:00:00Z'),
    )
    await tidemark.append(signed({ id: 'new', starts: '2020-01-06T00:00:00Z' }))
    await tidemark.fold()
    t.match(await tidemark.period('old/2020-01'), { recordCount: 4, latestExternalRecordId: '🙂' })
    const other = await openTidemark(t)
    await other.append(signed({ id: 'old' }), ...ids.map((id) => recorded(id, '2020-01-05T00:00:00Z')))
    await other.fold()
    t.match(await other.period('old/2020-01'), { recordCount: 4, latestExternalRecordId: '🙂' })
  },
)

void t.test('records may change hands again and again', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(recorded('r', '2020-01-31T12:00:00Z', 3))
  for (let day = 1; day <= 9; day++) {
    await tidemark.append(signed({ id: `a${day}`, starts: `2020-01-0${day}T00:00:00Z` }))
    await tidemark.fold()
    t.same(await periods(tidemark), [`a${day}/2020-01 1 records 3 bytes, latest r`])
  }
  await tidemark.append(signed({ id: 'early', starts: '2020-01-08T12:00:00Z' }))
  await tidemark.fold()
  t.same(await periods(tidemark), ['a9/2020-01 1 records 3 bytes, latest r'])
  t.same(await tidemark.differences(), [])
})
