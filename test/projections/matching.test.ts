import t from 'tap'
import { openTidemark, recorded, signed } from './tidemark.js'

const [january, february] = ['a/2020-01', 'a/2020-02']

void t.test('records are summed by agreement and month, whichever comes first', async (t) => {
  const records = [
    recorded('r1', '2020-01-31T23:59:59.999Z', 1),
    recorded('r2', '2020-02-01T00:00:00Z', 2),
    recorded('r3', '2020-02-29T12:00:00Z', 4),
  ]
  const agreement = signed({ id: 'a' })
  const orders = [
    [agreement, ...records],
    [...records, agreement],
    [records[0]!, agreement, ...records.slice(1)],
  ]
  for (const together of [true, false]) {
    for (const order of orders) {
      const tidemark = await openTidemark(t)
      if (together) await tidemark.append(...order)
      else for (const event of order) await tidemark.append(event)
      await tidemark.fold()
      t.match(await tidemark.period(january), { totalRecordedBytes: 1, recordCount: 1, status: 'closed' })
      t.match(await tidemark.period(february), {
        totalRecordedBytes: 6,
        recordCount: 2,
        latestRecordedAt: '2020-02-29T12:00:00Z',
        latestExternalRecordId: 'r3',
        status: 'open',
      })
      t.same(await tidemark.unmatched(), [])
      t.same(await tidemark.differences(), [])
    }
  }
})

void t.test('a record without an agreement is unmatched until its agreement arrives', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    recorded('later', '2020-02-02T00:00:00Z', 5),
    recorded('earlier', '2020-01-02T00:00:00.5Z', 5),
    recorded('of another', '2020-01-01T00:00:00Z', 5, '2'),
    recorded('too early', '2019-12-31T23:59:59.999Z', 5),
  )
  await tidemark.fold()
  t.same(await tidemark.unmatched(), ['too early', 'of another', 'earlier', 'later'])
  t.same(await tidemark.documents('billing-periods'), {})
  await tidemark.append(signed({ id: 'a', starts: '2020-01-01T00:00:00Z' }))
  await tidemark.fold()
  t.same(await tidemark.unmatched(), ['too early', 'of another'], 'by the record’s own time')
  t.match(await tidemark.period(january), { recordCount: 1, latestRecordedAt: '2020-01-02T00:00:00.500Z' })
  t.match(await tidemark.period(february), { recordCount: 1 })
  t.same(await tidemark.differences(), [])
})

void t.test('a record at the very start of the service is covered', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    signed({ id: 'a', starts: '2020-01-15T10:00:00Z' }),
    recorded('before', '2020-01-15T09:59:59.999Z'),
    recorded('at', '2020-01-15T10:00:00Z'),
  )
  await tidemark.fold()
  t.same(await tidemark.unmatched(), ['before'])
  t.match(await tidemark.period(january), { recordCount: 1, latestExternalRecordId: 'at' })
})

void t.test('agreements and records are told apart by msisdn as a whole', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    recorded('r', '2020-01-05T00:00:00Z', 1, '12'),
    recorded('r', '2020-01-05T00:00:00Z', 2, '123'),
    recorded('r', '2020-01-05T00:00:00Z', 4, '1'),
    signed({ id: 'a', msisdn: '12' }),
    signed({ id: 'b', msisdn: '1' }),
  )
  await tidemark.fold()
  t.match(await tidemark.period('a/2020-01'), { totalRecordedBytes: 1 })
  t.match(await tidemark.period('b/2020-01'), { totalRecordedBytes: 4 })
  t.same(await tidemark.unmatched(), ['r'])
})

void t.test('external ids may hold anything that separates ids elsewhere', async (t) => {
  const ids = ['a/b', 'a;b', '/', '~', ' ', '"', 'é', '__proto__', '2020-01-05T00:00:00.000Z/x']
  const tidemark = await openTidemark(t)
  await tidemark.append(...ids.map((id) => recorded(id, '2020-01-05T00:00:00Z', 1)))
  await tidemark.fold()
  t.same((await tidemark.unmatched()).sort(), [...ids].sort())
  await tidemark.append(signed({ id: 'first' }))
  await tidemark.append(signed({ id: 'second', starts: '2020-01-02T00:00:00Z', max: 0 }))
  await tidemark.fold()
  t.equal(await tidemark.period('first/2020-01'), undefined)
  t.match(await tidemark.period('second/2020-01'), {
    recordCount: ids.length,
    totalRecordedBytes: ids.length,
  })
  t.same(await tidemark.differences(), [])
})

void t.test('months are those of the agreement’s own zone, through DST and the ends of years', async (t) => {
  const cases: [zone: string, lastOfMonth: string, month: string, firstOfNext: string, next: string][] = [
    ['Europe/Warsaw', '2019-12-31T22:59:59.999Z', '2019-12', '2019-12-31T23:00:00Z', '2020-01'],
    ['Europe/Warsaw', '2020-03-31T21:59:59.999Z', '2020-03', '2020-03-31T22:00:00Z', '2020-04'],
    ['Europe/Warsaw', '2020-10-31T22:59:59.999Z', '2020-10', '2020-10-31T23:00:00Z', '2020-11'],
    ['America/St_Johns', '2009-11-01T02:29:59.999Z', '2009-10', '2009-11-01T02:30:00Z', '2009-11'],
    ['Pacific/Apia', '2011-12-31T09:59:59.999Z', '2011-12', '2011-12-31T10:00:00Z', '2012-01'],
    ['UTC', '2020-02-29T23:59:59.999Z', '2020-02', '2020-03-01T00:00:00Z', '2020-03'],
  ]
  for (const [zone, last, month, first, next] of cases) {
    const tidemark = await openTidemark(t)
    await tidemark.append(
      signed({ id: 'a', zone, starts: '2000-01-01T00:00:00Z' }),
      recorded('last', last, 1),
      recorded('first', first, 2),
    )
    await tidemark.fold()
    t.match(
      await tidemark.period(`a/${month}`),
      { totalRecordedBytes: 1, status: 'closed' },
      `${zone} ${month}`,
    )
    t.match(await tidemark.period(`a/${next}`), { totalRecordedBytes: 2, status: 'open' }, `${zone} ${next}`)
    t.same(
      await tidemark.notified(),
      [`BILLING_PERIOD_CLOSED a/${month} 1`],
      'closed by the first of the next',
    )
  }
})

void t.test('a DST change within a month moves nothing out of it', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    signed({ id: 'a', zone: 'Europe/Warsaw' }),
    // The hour that is there twice, and the one that is not there at all.
    recorded('r1', '2020-03-29T00:59:59Z'),
    recorded('r2', '2020-03-29T01:00:00Z'),
    recorded('r3', '2020-10-25T00:30:00Z'),
    recorded('r4', '2020-10-25T01:30:00Z'),
  )
  await tidemark.fold()
  t.match(await tidemark.period('a/2020-03'), { recordCount: 2 })
  t.match(await tidemark.period('a/2020-10'), { recordCount: 2 })
})

void t.test('a record that is in the log twice counts once', async (t) => {
  const tidemark = await openTidemark(t)
  const record = recorded('r', '2020-01-05T00:00:00Z', 7)
  await tidemark.append(signed({ id: 'a' }), record, record)
  await tidemark.append(record, signed({ id: 'a' }))
  await tidemark.fold()
  t.match(await tidemark.period(january), { recordCount: 1, totalRecordedBytes: 7 })
  t.equal(await tidemark.eventStore.head(), 2)
})

void t.test('the smallest and the largest records count to the byte', async (t) => {
  const tidemark = await openTidemark(t)
  const max = Number.MAX_SAFE_INTEGER
  await tidemark.append(
    signed({ id: 'a', max }),
    recorded('r0', '2020-01-05T00:00:00Z', 0),
    recorded('r1', '2020-01-05T00:00:00Z', max),
    recorded('r2', '2020-01-05T00:00:00Z', max),
    recorded('r3', '2020-01-05T00:00:00Z', 3),
  )
  await tidemark.fold()
  const total = (BigInt(max) * 2n + 3n).toString()
  t.match(await tidemark.period(january), { totalRecordedBytes: total, recordCount: 4, exceeded: true })
  t.same(await tidemark.notified(), [`DATA_PLAN_EXCEEDED a/2020-01 ${max}`])
  t.same(await tidemark.differences(), [])
})

void t.test('the earliest and the latest instants there are have their billing periods', async (t) => {
  const tidemark = await openTidemark(t)
  const first = '0001-01-01T00:00:00Z'
  await tidemark.append(
    signed({ id: 'west', msisdn: '1', zone: 'America/New_York', starts: first }),
    signed({ id: 'utc', msisdn: '2', zone: 'UTC', starts: first }),
    signed({ id: 'east', msisdn: '3', zone: 'Asia/Tokyo', starts: first }),
    ...['1', '2', '3'].flatMap((msisdn) => [
      recorded('first', first, 1, msisdn),
      recorded('last', '9999-12-31T23:59:59.999Z', 2, msisdn),
    ]),
  )
  await tidemark.fold()
  t.same(
    Object.entries(await tidemark.documents<{ status: string }>('billing-periods')).map(
      ([id, { status }]) => `${id} ${status}`,
    ),
    [
      'east/0001-01 closed',
      'east/10000-01 open',
      'utc/0001-01 closed',
      'utc/9999-12 open',
      'west/0000-12 closed',
      'west/9999-12 open',
    ],
  )
  t.equal((await tidemark.notified()).length, 3)
  t.same(await tidemark.differences(), [])
})
