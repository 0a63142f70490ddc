import t from 'tap'
import { agreement, dataRecord, startService } from './service.js'

const month = '/agreements/agreement-1/billing-periods/2020-01'

void t.test('a client reads its own writes', async (t) => {
  const { post, get } = await startService(t)
  await post('/agreements', agreement())
  for (let n = 1; n <= 20; n++) {
    const { body } = await post('/data-records', dataRecord(`r${n}`))
    const period = await get(`${month}?minPosition=${String(body.position)}`)
    t.match(period.body, { recordCount: n, totalRecordedBytes: n * 100 })
  }
})

void t.test('many clients read their own writes at once', async (t) => {
  const { post, get } = await startService(t)
  await Promise.all(
    Array.from({ length: 30 }, async (_, n) => {
      const [id, msisdn] = [`a${n}`, String(n)]
      await post('/agreements', agreement({ id, msisdn }))
      const { body } = await post('/data-records', dataRecord('r', { msisdn, recordedBytes: n }))
      const period = await get(
        `/agreements/${id}/billing-periods/2020-01?minPosition=${String(body.position)}`,
      )
      t.match(period.body, { agreementId: id, totalRecordedBytes: n })
    }),
  )
})

void t.test('an agreement is answered as it was signed', async (t) => {
  const { post, get } = await startService(t)
  const id = 'ä%?#+&;=é'
  const { body } = await post('/agreements', agreement({ id }))
  const { status, body: answer } = await get(
    `/agreements/${encodeURIComponent(id)}?minPosition=${String(body.position)}`,
  )
  t.equal(status, 200)
  t.same(answer, {
    id,
    msisdn: '48100200300',
    signedAt: '2019-12-14T23:00:00Z',
    serviceStartAt: '2019-12-31T23:00:00Z',
    billingPeriodTimeZone: 'Europe/Warsaw',
    maxBytesInBillingPeriod: 1000,
  })
})

void t.test('a billing period has exactly the fields of the read model', async (t) => {
  const { post, get } = await startService(t)
  await post('/agreements', agreement())
  const { body } = await post('/data-records', dataRecord('r', { recordedBytes: 1000 }))
  const period = await get(`${month}?minPosition=${String(body.position)}`)
  t.same(period.body, {
    agreementId: 'agreement-1',
    msisdn: '48100200300',
    year: 2020,
    month: 1,
    billingPeriodTimeZone: 'Europe/Warsaw',
    totalRecordedBytes: 1000,
    recordCount: 1,
    maxBytesInBillingPeriod: 1000,
    exceeded: true,
    latestRecordedAt: '2020-01-10T12:00:00Z',
    latestInternalRecordId: period.body.latestInternalRecordId,
    latestExternalRecordId: 'r',
    status: 'open',
    lateRecords: 0,
    revision: 1,
    notified: { exceeded: true, closed: false, corrections: 0 },
    openUntil: '2020-01-31T23:00:00Z',
  })
})

void t.test('documents carry an entity tag, and are not sent again to who has it', async (t) => {
  const { post, get, send } = await startService(t)
  await post('/agreements', agreement())
  const { body } = await post('/data-records', dataRecord('a'))
  const first = await get(`${month}?minPosition=${String(body.position)}`)
  const tag = first.headers.get('etag')!
  t.match(tag, /^"[\w-]{27}"$/, 'a strong one')
  for (const header of [tag, `W/${tag}`, `"x", ${tag}`, `"x",W/${tag} , "y"`, '*']) {
    const answer = await get(month, { 'if-none-match': header })
    t.equal(answer.status, 304, header)
    t.equal(answer.headers.get('etag'), tag)
    t.equal(answer.text, '')
  }
  t.equal((await get(month, { 'if-none-match': '"x"' })).status, 200)
  const head = await send(month, { method: 'HEAD' })
  t.equal(head.status, 200)
  t.equal(head.headers.get('etag'), tag)
  t.equal(Number(head.headers.get('content-length')), Buffer.byteLength(first.text))
  const more = await post('/data-records', dataRecord('b'))
  const changed = await get(`${month}?minPosition=${String(more.body.position)}`, { 'if-none-match': tag })
  t.equal(changed.status, 200)
  t.not(changed.headers.get('etag'), tag)
  t.match((await get('/agreements/agreement-1')).headers.get('etag'), /^"/)
})

void t.test('what is unknown is not found', async (t) => {
  const { post, get } = await startService(t)
  const { body } = await post('/agreements', agreement())
  await get(`/agreements/agreement-1?minPosition=${String(body.position)}`)
  const unknown: [string, RegExp][] = [
    ['/agreements/nobody', /no agreement "nobody"/],
    ['/agreements/a%2Fb', /no agreement "a\/b"/],
    ['/agreements/a%00b', /no agreement/],
    [`/agreements/${'x'.repeat(3000)}`, /no agreement/],
    ['/agreements/nobody/billing-periods', /no agreement/],
    ['/agreements/nobody/billing-periods/2020-01', /no agreement/],
    ['/agreements/nobody/billing-periods/2020-01/data-records', /no agreement/],
    [month, /no data records in 2020-01/],
    [`${month}/data-records`, /no data records in 2020-01/],
    ['/streams/nothing', /no stream "nothing"/],
    ['/dead-letters/00000000-0000-0000-0000-000000000000', /no dead letter/],
    ['/projections/nothing', /no projection "nothing", only data-plans/],
    ['/nothing', /no route GET \/nothing/],
    ['/agreements/agreement-1/nothing?x=1', /no route GET \/agreements\/agreement-1\/nothing:/],
  ]
  for (const [path, detail] of unknown) {
    const answer = await get(path)
    t.equal(answer.status, 404, path)
    t.match(answer.body, { code: 'not-found', detail }, path)
  }
  t.match((await get('/agreements/agreement-1/billing-periods')).body, { items: [], next: null })
})

void t.test('what is malformed is refused with its name', async (t) => {
  const { get } = await startService(t)
  const malformed: [string, string][] = [
    ['/agreements/a/billing-periods/2020-1', '/month'],
    ['/agreements/a/billing-periods/2020-13', '/month'],
    ['/agreements/a/billing-periods/january/data-records', '/month'],
    ['/agreements/a?minPosition=-1', '/minPosition'],
    ['/agreements/a?minPosition=1.5', '/minPosition'],
    ['/agreements/a?minPosition=9007199254740993', '/minPosition'],
    ['/agreements/a?minPosition=1&minPosition=2', '/minPosition'],
    ['/agreements/a/billing-periods?limit=0', '/limit'],
    ['/streams?limit=1001', '/limit'],
    ['/streams?limit=many', '/limit'],
    ['/streams?cursor=', '/cursor'],
    ['/notifications?type=NEWS', '/type'],
    ['/dead-letters?kind=letters', '/kind'],
  ]
  for (const [path, name] of malformed) {
    const answer = await get(path)
    t.equal(answer.status, 400, path)
    t.match(
      answer.body,
      { code: 'invalid-parameter', errors: [{ path: name, code: 'invalid-parameter' }] },
      path,
    )
  }
  t.equal((await get('/agreements/a?unknown=1')).status, 404, 'other parameters are passed over')
})

void t.test('waiting for a position ends', async (t) => {
  const { post, get } = await startService(t, { readPatience: 60 })
  await post('/agreements', agreement())
  for (const path of [
    '/agreements/agreement-1',
    '/notifications',
    '/streams',
    '/projections',
    '/dead-letters',
  ]) {
    const answer = await get(`${path}?minPosition=1000`)
    t.equal(answer.status, 503, path)
    t.match(answer.body, { code: 'not-caught-up', detail: /1000/ })
    t.equal(answer.headers.get('retry-after'), '1')
  }
  t.equal((await get('/agreements/agreement-1?minPosition=1')).status, 200)
})

void t.test('without its projections the service says so', async (t) => {
  const { post, get } = await startService(t, { run: false, readPatience: 30 })
  t.equal((await post('/agreements', agreement())).status, 200)
  for (const path of ['/agreements/agreement-1', '/agreements/agreement-1?minPosition=1', '/notifications']) {
    const answer = await get(path)
    t.equal(answer.status, 503, path)
    t.equal(answer.body.code, 'not-caught-up')
  }
  t.equal((await get('/streams/agreement-agreement-1')).status, 200, 'the log is there')
})
