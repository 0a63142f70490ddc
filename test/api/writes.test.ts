import { Readable } from 'node:stream'
import t from 'tap'
import { agreement, dataRecord, startService } from './service.js'

void t.test('records are taken one by one and in arrays', async (t) => {
  const { post } = await startService(t)
  const one = await post('/agreements', agreement())
  t.equal(one.status, 200)
  t.same(one.body, { position: 1, appended: 1, duplicates: 0, ignored: 0, rejected: [] })
  const { status, body } = await post('/data-records', [dataRecord('a'), dataRecord('b'), dataRecord('a')])
  t.equal(status, 200)
  t.same(body, { position: 3, appended: 2, duplicates: 1, ignored: 0, rejected: [] })
  const again = await post('/data-records', {
    ...dataRecord('a'),
    id: undefined,
    externalId: 'a',
    more: 'ignored',
  })
  t.same(again.body, { position: 2, appended: 0, duplicates: 1, ignored: 0, rejected: [] })
})

void t.test('an empty array writes nothing', async (t) => {
  const { post } = await startService(t)
  const { status, body } = await post('/data-records', [])
  t.equal(status, 200)
  t.same(body, { position: 0, appended: 0, duplicates: 0, ignored: 0, rejected: [] })
})

void t.test('10,000 records with the longest ids fit into a request, one more does not', async (t) => {
  const { post, eventStore } = await startService(t)
  const records = Array.from({ length: 10_000 }, (_, n) => dataRecord(`${n}-`.padEnd(200, '€')))
  const { status, body } = await post('/data-records', records)
  t.equal(status, 200)
  t.match(body, { appended: 10_000 })
  const head = await eventStore.head()
  const tooMany = await post('/data-records', [...records, dataRecord('one more')])
  t.equal(tooMany.status, 413)
  t.match(tooMany.body, { code: 'too-many-records', detail: /10001/ })
  t.equal((await post('/data-records', `"${'x'.repeat(17 * 1024 * 1024)}"`)).body.code, 'body-too-large')
  t.equal(await eventStore.head(), head)
})

void t.test('whoever sends too much is told so, and not just cut off', async (t) => {
  const { post, eventStore, url } = await startService(t)
  const large = `"${'x'.repeat(20 * 1024 * 1024)}"`
  for (let request = 0; request < 10; request++) t.equal((await post('/data-records', large)).status, 413)
  // In chunks, nobody knows beforehand how much it is.
  const chunks = Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(1024 * 1024, ' ')))
  const chunked = await fetch(`${url}/data-records`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: Readable.toWeb(chunks) as ReadableStream,
    duplex: 'half',
  })
  t.equal(chunked.status, 413)
  t.equal(await eventStore.head(), 0)
})

void t.test('a record has at most 716,800 bytes, however small its request is otherwise', async (t) => {
  const { post, eventStore } = await startService(t)
  const large = dataRecord('large', { ignored: 'x'.repeat(700 * 1024) })
  const { status, body } = await post('/data-records', [dataRecord('small'), large])
  t.equal(status, 400)
  t.match(body, { code: 'invalid-request', errors: [{ path: '/1', code: 'record-too-large' }] })
  t.match((await post('/data-records', large)).body, { errors: [{ path: '', code: 'record-too-large' }] })
  t.equal(await eventStore.head(), 0)
})

void t.test('a request with any fault writes nothing, and is told the path of each', async (t) => {
  const { post, eventStore } = await startService(t)
  const { status, body } = await post('/data-records', [
    dataRecord('good'),
    dataRecord('bad', { recordedBytes: -1, recordedAt: '2020-02-30T00:00Z' }),
    { id: 'x', externalId: 'y', msisdn: '48', recordedAt: '2020-01-01T00:00Z', recordedBytes: 1 },
    'no record',
    { ...dataRecord('poison'), __proto__: null, msisdn: '+48' },
  ])
  t.equal(status, 400)
  t.match(body, { code: 'invalid-request', detail: /nothing was written/ })
  const faults = (body.errors as { path: string; code: string }[]).map(({ path, code }) => `${path} ${code}`)
  t.same(faults.sort(), [
    '/1/recordedAt invalid-timestamp',
    '/1/recordedBytes invalid-bytes',
    '/2/externalId invalid-id',
    '/3 invalid-field',
    '/4/msisdn invalid-msisdn',
  ])
  t.equal(await eventStore.head(), 0)
})

void t.test('a thousand faults are told, and how many more there are', async (t) => {
  const { post } = await startService(t)
  const records = Array.from({ length: 600 }, (_, n) =>
    dataRecord(`r${n}`, { msisdn: '', recordedBytes: 0.5 }),
  )
  const { body } = await post('/data-records', records)
  t.equal((body.errors as unknown[]).length, 1000)
  t.match(body.detail, /; and 1199 more$/)
})

void t.test('the path of a fault in a single record starts at the record', async (t) => {
  const { post } = await startService(t)
  const zone = await post('/agreements', agreement({ billingPeriodTimeZone: 'Mars/Olympus' }))
  t.match(zone.body.errors, [{ path: '/billingPeriodTimeZone', code: 'invalid-time-zone' }])
  const empty = await post('/agreements', {})
  t.equal((empty.body.errors as unknown[]).length, 6)
  t.match((await post('/agreements', 'null')).body.errors, [{ path: '', code: 'invalid-field' }])
})

void t.test('integers beyond 2^53 − 1 are refused, not rounded', async (t) => {
  const { post, eventStore } = await startService(t)
  for (const bytes of [
    '9007199254740992',
    '9007199254740993',
    '18014398509481985',
    '1e300',
    '1e999',
    '0.5',
    '9007199254740991.4',
    '4503599627370497.2',
    '0.99999999999999999',
  ]) {
    const text = JSON.stringify([dataRecord('a'), dataRecord('b')]).replace(/100}]$/, `${bytes}}]`)
    const { status, body } = await post('/data-records', text)
    t.equal(status, 400, bytes)
    t.match(body.errors, [{ path: '/1/recordedBytes', code: 'invalid-bytes' }], bytes)
  }
  t.equal(await eventStore.head(), 0)
  const greatest = dataRecord('max', { recordedBytes: Number.MAX_SAFE_INTEGER })
  t.match((await post('/data-records', greatest)).body, { appended: 1 })
})

void t.test('what is nested too deep is refused as any other fault, wherever it stands', async (t) => {
  const { post, eventStore } = await startService(t)
  const deep = '['.repeat(5_000) + ']'.repeat(5_000)
  const good = JSON.stringify(dataRecord('a'))
  const bodies: [route: string, body: string, path: string, code: string][] = [
    ['/data-records', deep, '/0', 'too-deeply-nested'],
    ['/data-records', `[${good},{"id":${deep}}]`, '/1', 'too-deeply-nested'],
    ['/wallet-events', `{"type":"PaymentEvent","paymentRelatedThing":${deep}}`, '', 'too-deeply-nested'],
    ['/clocks/data-records', `{"to":${deep}}`, '/to', 'invalid-timestamp'],
  ]
  for (const [route, body, path, code] of bodies) {
    const answer = await post(route, body)
    t.equal(answer.status, 400, route)
    t.match(answer.body, { code: 'invalid-request', errors: [{ path, code }] })
  }
  t.match(await post('/data-records', '['.repeat(5_000)), { status: 400, body: { code: 'malformed-json' } })
  t.equal(await eventStore.head(), 0)
})

void t.test('keys that name the prototype are fields like any other, and carry nothing', async (t) => {
  const { post } = await startService(t)
  const poison = '{"__proto__":{"recordedBytes":1,"admin":true},"constructor":{"prototype":{"admin":true}}}'
  t.equal((await post('/data-records', poison)).status, 400)
  const record = JSON.stringify(dataRecord('a')).replace('{', '{"__proto__":{"x":1},')
  t.match((await post('/data-records', record)).body, { appended: 1 })
  t.notOk('admin' in {})
})

void t.test('a record that contradicts an earlier one', async (t) => {
  const { post, get } = await startService(t)
  await post('/data-records', [dataRecord('a'), dataRecord('b')])
  void t.test('alone is a conflict, and a dead letter with its bytes as they came', async (t) => {
    const text = JSON.stringify(dataRecord('a', { recordedBytes: 7 }), null, 2)
    const { status, body } = await post('/data-records', text)
    t.equal(status, 409)
    t.match(body, {
      code: 'conflicting-duplicate',
      appended: 0,
      duplicates: 0,
      ignored: 0,
      rejected: [{ index: 0, code: 'conflicting-duplicate' }],
    })
    const letters = await get(`/dead-letters?minPosition=${String(body.position)}`)
    t.match(letters.body.items, [{ raw: text, encoding: 'utf8', kind: 'data-records' }])
  })
  void t.test('in an array it is rejected, and the others are taken', async (t) => {
    const records = [
      dataRecord('c', { note: 'a "quoted" ] , [ }' }),
      dataRecord('b', { recordedBytes: 8, tags: [1, [2], { x: '\\' }] }),
      dataRecord('a'),
    ]
    const { status, body } = await post('/data-records', JSON.stringify(records, null, 1))
    t.equal(status, 200)
    t.match(body, { appended: 1, duplicates: 1, rejected: [{ index: 1, code: 'conflicting-duplicate' }] })
    const { items } = (await get(`/dead-letters?minPosition=${String(body.position)}`)).body
    const { raw } = (items as { raw: string }[]).at(-1)!
    t.same(JSON.parse(raw), records[1])
    t.match(raw, /\n/, 'with the white space that it came with')
  })
  t.end()
})

void t.test('bodies that cannot be read', async (t) => {
  const { post, send } = await startService(t)
  for (const body of ['', '{', '[1,]', '{"a":01}', '\u0000', 'NaN']) {
    const answer = await post('/data-records', body)
    t.equal(answer.status, 400, body)
    t.equal(answer.body.code, 'malformed-json', body)
  }
  const latin1 = Buffer.from('{"id":"\xe9"}', 'latin1')
  const headers = { 'content-type': 'application/json' }
  t.match((await send('/data-records', { method: 'POST', headers, body: latin1 })).body, {
    code: 'malformed-json',
  })
  t.match((await post('/data-records')).body, { code: 'malformed-json' })
  const marked = Buffer.from(`\uFEFF${JSON.stringify(dataRecord('a'))}`)
  t.match((await send('/data-records', { method: 'POST', headers, body: marked })).body, { appended: 1 })
})

void t.test('only JSON is taken', async (t) => {
  const { post } = await startService(t)
  const text = JSON.stringify(dataRecord('a'))
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonx',
    'application/json-seq',
    'nonsense',
  ]) {
    const { status, body } = await post('/data-records', text, { 'content-type': type })
    t.equal(status, 415, type)
    t.equal(body.code, 'unsupported-media-type')
  }
  const zipped = await post('/data-records', text, { 'content-encoding': 'gzip' })
  t.match(zipped, { status: 415, body: { detail: /gzip/ } })
  for (const type of [
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/vnd.tidemark+json',
  ]) {
    t.equal((await post('/data-records', text, { 'content-type': type })).status, 200, type)
  }
})

void t.test('the clock is advanced, and never goes back', async (t) => {
  const { post, get } = await startService(t)
  await post('/agreements', agreement())
  await post('/data-records', dataRecord('a'))
  const advanced = await post('/clocks/data-records', { to: '2020-02-01T00:00+01:00' })
  t.equal(advanced.status, 200)
  t.match(advanced.body, { position: 3, to: '2020-01-31T23:00:00Z' })
  const month = '/agreements/agreement-1/billing-periods/2020-01'
  const { body } = await get(`${month}?minPosition=3`)
  t.match(body, { status: 'closed', recordCount: 1 })
  t.notOk('openUntil' in body)
  t.match(
    (await post('/clocks/data-records', { to: '2020-01-31T23:00Z' })).body,
    { position: 3 },
    'the same again',
  )
  for (const [to, code] of [
    ['tomorrow', 'invalid-timestamp'],
    ['2020-01-01T00:00Z[Mars/Olympus]', 'invalid-time-zone'],
    [1580508000, 'invalid-timestamp'],
    [undefined, 'missing-field'],
  ]) {
    const refused = await post('/clocks/data-records', { to })
    t.equal(refused.status, 400)
    t.match(refused.body, { code: 'invalid-request', errors: [{ path: '/to', code }] })
  }
})
