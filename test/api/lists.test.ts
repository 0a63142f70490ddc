import t from 'tap'
import { agreement, dataRecord, startService, type Service } from './service.js'

const month = '/agreements/agreement-1/billing-periods/2020-01'

/** The record n of a month: a minute after the one before. */
function minute(n: number, fields: object = {}) {
  const recordedAt = new Date(Date.UTC(2020, 0, 5) + n * 60_000).toISOString()
  return dataRecord(`r${String(n).padStart(4, '0')}`, { recordedAt, recordedBytes: 1, ...fields })
}

async function settled({ get }: Service, position: unknown) {
  await get(`/projections?minPosition=${String(position)}`)
}

void t.test('data records come newest first, page by page, while more are added', async (t) => {
  const service = await startService(t)
  const { post, get } = service
  await post('/agreements', agreement())
  const records = Array.from({ length: 137 }, (_, n) => minute(n))
  const { body } = await post('/data-records', records)
  await settled(service, body.position)
  const seen: string[] = []
  let cursor = ''
  for (let pages = 0; ; pages++) {
    const page = await get(`${month}/data-records?limit=10${cursor}`)
    seen.push(...(page.body.items as { externalRecordId: string }[]).map((item) => item.externalRecordId))
    if (page.body.next === null) break
    cursor = `&cursor=${page.body.next as string}`
    const added = await post('/data-records', minute(1000 + pages))
    await settled(service, added.body.position)
  }
  t.same(seen, records.map(({ id }) => id).reverse(), 'each once, none left out')
  const all = await service.all(`${month}/data-records`, 1000)
  t.equal(all.length, 137 + 13)
  t.same(Object.keys(all[0]!), ['internalRecordId', 'externalRecordId', 'recordedAt', 'recordedBytes'])
  t.match(all.at(-1), { externalRecordId: 'r0000', recordedAt: '2020-01-05T00:00:00Z', recordedBytes: 1 })
})

void t.test('records of one instant come by id, across pages', async (t) => {
  const service = await startService(t)
  await service.post('/agreements', agreement())
  const ids = ['B', 'a', 'b', 'z', 'é', '\u{1F600}', '\uFF21']
  const { body } = await service.post(
    '/data-records',
    ids.map((id) => dataRecord(id)),
  )
  await settled(service, body.position)
  const listed = await service.all(`${month}/data-records`, 2)
  const bytewise = ids.toSorted((a, b) => Buffer.compare(Buffer.from(b), Buffer.from(a)))
  t.same(
    listed.map((item) => item.externalRecordId),
    bytewise,
  )
})

void t.test('a period lists the records that its agreement covers in its month', async (t) => {
  const service = await startService(t)
  const { post } = service
  await post('/agreements', [
    agreement({ id: 'first' }),
    agreement({ id: 'second', serviceStartAt: '2020-01-20T00:00+01:00' }),
    agreement({ id: 'never', serviceStartAt: '2020-01-20T00:00+01:00', signedAt: '2019-01-01T00:00Z' }),
  ])
  const at = (id: string, recordedAt: string) => dataRecord(id, { recordedAt })
  const { body } = await post('/data-records', [
    at('before', '2019-12-31T22:59:59.999Z'),
    at('january', '2019-12-31T23:00Z'),
    at('last of first', '2020-01-19T22:59:59.999Z'),
    at('first of second', '2020-01-19T23:00Z'),
    at('last of january', '2020-01-31T22:59:59.999Z'),
    at('february', '2020-01-31T23:00Z'),
  ])
  await settled(service, body.position)
  const listed = async (path: string) =>
    (await service.all(`/agreements/${path}/data-records`, 1)).map((item) => item.externalRecordId)
  t.same(await listed('first/billing-periods/2020-01'), ['last of first', 'january'])
  t.same(await listed('second/billing-periods/2020-01'), ['last of january', 'first of second'])
  t.same(await listed('second/billing-periods/2020-02'), ['february'])
  t.equal((await service.get('/agreements/never/billing-periods/2020-01/data-records')).status, 404)
  t.same(
    (await service.all('/data-records/unmatched', 1)).map((item) => item.externalRecordId),
    ['before'],
  )
  const periods = await service.all('/agreements/second/billing-periods', 1)
  t.same(
    periods.map((period) => [period.year, period.month, period.recordCount]),
    [
      [2020, 1, 2],
      [2020, 2, 1],
    ],
  )
})

void t.test('unmatched records are listed until their agreement arrives', async (t) => {
  const service = await startService(t)
  const { post } = service
  const records = Array.from({ length: 60 }, (_, n) => minute(n, { msisdn: String(n % 7) }))
  await post('/data-records', records.slice(0, 40))
  const { body } = await post('/data-records', records.slice(40))
  await settled(service, body.position)
  const unmatched = await service.all('/data-records/unmatched', 7)
  t.same(
    unmatched.map((item) => item.externalRecordId).sort(),
    records.map(({ id }) => id),
  )
  t.match(unmatched[0], { msisdn: '0', recordedBytes: 1, internalRecordId: String, recordedAt: String })
  const matched = await post('/agreements', agreement({ msisdn: '3' }))
  await settled(service, matched.body.position)
  const left = await service.all('/data-records/unmatched', 7)
  t.same(new Set(left.map((item) => item.msisdn)), new Set(['0', '1', '2', '4', '5', '6']))
})

void t.test('notifications come in the order they were raised', async (t) => {
  const service = await startService(t)
  const { post, get } = service
  await post('/agreements', [agreement({ id: 'a', msisdn: '1' }), agreement({ id: 'b', msisdn: '2' })])
  await post('/data-records', [
    dataRecord('r1', { msisdn: '1', recordedBytes: 1000 }),
    dataRecord('r2', { msisdn: '2', recordedBytes: 10 }),
  ])
  const advanced = await post('/clocks/data-records', { to: '2020-02-01T00:00Z' })
  await settled(service, advanced.body.position)
  const late = await post('/data-records', dataRecord('late', { msisdn: '2', recordedBytes: 990 }))
  const { body } = await get(`/notifications?minPosition=${String(late.body.position)}`)
  const items = body.items as Record<string, unknown>[]
  const shown = items.map(({ agreementId, type }) => `${String(agreementId)} ${String(type)}`)
  t.equal(shown[0], 'a DATA_PLAN_EXCEEDED')
  t.same(shown.slice(1, 3).sort(), ['a BILLING_PERIOD_CLOSED', 'b BILLING_PERIOD_CLOSED'])
  t.same(shown.slice(3), ['b DATA_PLAN_EXCEEDED', 'b BILLING_PERIOD_CORRECTED'])
  t.match(items.at(-1), { totalRecordedBytes: 1000, previousTotalRecordedBytes: 10, year: 2020, month: 1 })
  t.same(await service.all('/notifications', 1), items, 'page by page')
  const filtered = (filter: string) => service.all(`/notifications?${filter}`, 1)
  t.same(
    await filtered('agreementId=b'),
    items.filter((item) => item.agreementId === 'b'),
  )
  t.same(
    await filtered('type=DATA_PLAN_EXCEEDED'),
    items.filter((item) => item.type === 'DATA_PLAN_EXCEEDED'),
  )
  t.equal((await filtered('agreementId=a&type=DATA_PLAN_EXCEEDED')).length, 1)
  t.same(await filtered('agreementId=nobody'), [])
})

void t.test('notifications of a write can be read at its position', async (t) => {
  const { post, get } = await startService(t)
  for (let n = 0; n < 20; n++) {
    const [id, msisdn] = [`a${n}`, String(n)]
    await post('/agreements', agreement({ id, msisdn }))
    const { body } = await post('/data-records', dataRecord('r', { msisdn, recordedBytes: 2000 }))
    const raised = await get(`/notifications?agreementId=${id}&minPosition=${String(body.position)}`)
    t.match(raised.body.items, [{ type: 'DATA_PLAN_EXCEEDED' }])
  }
})

void t.test('the log is browsed newest first', async (t) => {
  const service = await startService(t, { run: false })
  const { post } = service
  await post('/agreements', [agreement({ id: 'a' }), agreement({ id: 'b' })])
  await post(
    '/data-records',
    Array.from({ length: 25 }, (_, n) => minute(n)),
  )
  const streams = await service.all('/streams?minPosition=27', 1)
  t.same(streams, [
    { stream: 'subscriber-48100200300', revision: 24, position: 27 },
    { stream: 'agreement-b', revision: 0, position: 2 },
    { stream: 'agreement-a', revision: 0, position: 1 },
  ])
  const events = await service.all('/streams/subscriber-48100200300?minPosition=27', 10)
  t.same(
    events.map(({ revision }) => revision),
    Array.from({ length: 25 }, (_, n) => 24 - n),
  )
  t.match(events[0], {
    type: 'DataRecorded',
    position: 27,
    data: { externalRecordId: 'r0024' },
    recordedTime: /Z$/,
  })
  t.match(events[0]!.metadata, { source: /^http:[0-9a-f-]{36}#24$/ })
})

void t.test('a cursor belongs to its list', async (t) => {
  const service = await startService(t)
  const { post, get } = service
  await post('/agreements', [agreement(), agreement({ id: 'other', msisdn: '2' })])
  const { body } = await post('/data-records', [
    ...[1, 2, 3].map((n) => minute(n)),
    ...[1, 2, 3].map((n) => minute(n, { msisdn: '2' })),
    ...[1, 2, 3].map((n) => minute(n, { msisdn: '9' })),
    minute(1, { msisdn: '2', recordedAt: '2020-02-05T00:00Z', id: 'february' }),
    minute(1, { recordedAt: '2020-02-05T00:00Z', id: 'february' }),
  ])
  await settled(service, body.position)
  const lists = [
    `${month}/data-records`,
    '/agreements/other/billing-periods/2020-01/data-records',
    '/agreements/other/billing-periods',
    '/agreements/agreement-1/billing-periods',
    '/data-records/unmatched',
    '/streams',
    '/streams/subscriber-2',
    '/streams/subscriber-9',
  ]
  for (const from of lists) {
    const { next } = (await get(`${from}?limit=1`)).body
    t.type(next, 'string', from)
    for (const to of lists) {
      const answer = await get(`${to}?limit=1&cursor=${String(next)}`)
      if (to === from) t.equal(answer.status, 200, `${from} goes on`)
      else t.match(answer, { status: 400, body: { code: 'invalid-cursor' } }, `${from} is not ${to}`)
    }
    const [tag = ''] = String(next).split('.')
    for (const cursor of [
      'x',
      `${tag}.`,
      `${tag}.x`,
      `${tag}.W10`,
      `${tag}.bnVsbA`,
      `${tag}.-1`,
      `${tag}.0`,
    ]) {
      t.match(
        await get(`${from}?cursor=${cursor}`),
        { status: 400, body: { code: 'invalid-cursor' } },
        cursor,
      )
    }
  }
})
