import t from 'tap'
import { startService, type Service } from './service.js'

t.setTimeout(120_000)

/** A billable event as it is sent. */
function billable(at: string, fields: object = {}) {
  return { timestampMs: Date.parse(at), customer: 'Emma', amountEUR: '1.00', type: 'DATA', ...fields }
}

async function take(service: Service, ...events: object[]): Promise<string> {
  const { status, body } = await service.post('/billable-events', events)
  if (status !== 200) throw new Error(JSON.stringify(body))
  return `minPosition=${String(body.position)}`
}

const nothing = { totalEur: '0.00', eventCount: 0 }

void t.test(
  'a customer’s month, with the fields in their order, in the month that the clock stands in',
  async (t) => {
    const service = await startService(t)
    const read = await take(
      service,
      billable('2020-02-10T00:00:00Z', { amountEUR: 5 }),
      billable('2020-03-10T00:00:00Z', { amountEUR: '12.335', type: 'call' }),
      billable('2020-03-11T00:00:00Z', { amountEUR: '0' }),
    )
    const { text, body } = await service.get(`/customers/Emma?${read}`)
    t.match(text, /^\{"customer":"Emma","month":"2020-03","totalEur":"12\.34",/)
    t.same(body, {
      customer: 'Emma',
      month: '2020-03',
      totalEur: '12.34',
      eventCount: 2,
      subtotals: {
        MESSAGE: nothing,
        DATA: { totalEur: '0.00', eventCount: 1 },
        CALL: { totalEur: '12.34', eventCount: 1 },
        PACK: nothing,
        MISC: nothing,
      },
    })
    t.match((await service.get('/customers/Emma?month=2020-02')).body, { month: '2020-02', totalEur: '5.00' })
    t.match((await service.get('/customers/Emma?month=2019-01')).body, { month: '2019-01', totalEur: '0.00' })
  },
)

void t.test('the month changes when the clock passes its end, for everybody', async (t) => {
  const service = await startService(t)
  const month = async (read: string) => (await service.get(`/customers/Emma?${read}`)).body.month
  t.equal(await month(await take(service, billable('2020-01-31T23:00:00Z'))), '2020-01')
  t.equal(
    await month(await take(service, billable('2020-02-01T11:59:59.999Z', { customer: 'Liam' }))),
    '2020-01',
  )
  const read = await take(service, billable('2020-02-01T12:00:00Z', { customer: 'Liam' }))
  t.equal(await month(read), '2020-02')
  t.match(
    (await service.get('/customers/Emma')).body,
    { totalEur: '0.00' },
    'known, but without events there',
  )
})

void t.test('a type’s month in any case, and each customer’s share of it', async (t) => {
  const service = await startService(t)
  const shares = { a: '1.00', 'b/c': '2.00', é: '4.00' }
  const read = await take(
    service,
    ...Object.entries(shares).map(([customer, amountEUR]) =>
      billable('2020-03-10T00:00:00Z', { customer, amountEUR }),
    ),
    billable('2020-03-10T00:00:00Z', { customer: 'a', type: 'CALL' }),
    billable('2020-02-10T00:00:00Z', { customer: 'a', amountEUR: '-8' }),
  )
  for (const type of ['data', 'DATA', 'Data']) {
    const { text } = await service.get(`/types/${type}?${read}`)
    t.equal(text, '{"type":"DATA","month":"2020-03","totalEur":"7.00","eventCount":3}')
  }
  t.match((await service.get('/types/DATA?month=2020-02')).body, { totalEur: '-8.00' })
  t.match((await service.get('/types/PACK')).body, { month: '2020-03', totalEur: '0.00', eventCount: 0 })
  const listed = await service.all('/types/data/customers', 2)
  t.same(
    listed,
    Object.entries(shares).map(([customer, totalEur]) => ({
      customer,
      type: 'DATA',
      month: '2020-03',
      totalEur,
      eventCount: 1,
    })),
  )
  t.same((await service.get('/types/PACK/customers?month=2020-02')).body, { items: [], next: null })
})

void t.test('invoices, one by one and as a list', async (t) => {
  const service = await startService(t)
  const months = ['2020-01', '2020-02', '2020-03', '2020-04', '2020-05']
  const read = await take(
    service,
    ...months.map((month, n) => billable(`${month}-10T00:00:00Z`, { amountEUR: `${n + 1}.00` })),
    billable('2020-02-20T00:00:00Z', { amountEUR: '-0.501', type: 'misc' }),
    billable('2020-05-10T00:00:00Z', { customer: 'Liam' }),
  )
  const { body, text } = await service.get(`/customers/Emma/invoices/2020-02?${read}`)
  t.match(text, /^\{"customer":"Emma","month":"2020-02","totalEur":"1\.49",/)
  t.same(body, {
    customer: 'Emma',
    month: '2020-02',
    totalEur: '1.49',
    eventCount: 2,
    revision: 1,
    issuedTotalEur: '2.00',
    differenceEur: '-0.51',
    subtotals: {
      MESSAGE: nothing,
      DATA: { totalEur: '2.00', eventCount: 1 },
      CALL: nothing,
      PACK: nothing,
      MISC: { totalEur: '-0.51', eventCount: 1 },
    },
    billingTimeZone: 'UTC',
  })
  const listed = await service.all('/customers/Emma/invoices', 2)
  t.same(
    listed.map(({ month, totalEur, revision }) => [month, totalEur, revision]),
    [
      ['2020-01', '1.00', 0],
      ['2020-02', '1.49', 1],
      ['2020-03', '3.00', 0],
      ['2020-04', '4.00', 0],
    ],
    'that of May is not due',
  )
  t.same(listed[1], body)
  t.same((await service.get('/customers/Liam/invoices')).body, { items: [], next: null })
})

void t.test('a client reads its own writes, invoices included', async (t) => {
  const service = await startService(t)
  await take(service, billable('2020-01-10T00:00:00Z'))
  await take(service, billable('2020-02-10T00:00:00Z'))
  for (let revision = 1; revision <= 10; revision++) {
    const read = await take(service, billable('2020-01-11T00:00:00Z'))
    t.match((await service.get(`/customers/Emma/invoices/2020-01?${read}`)).body, {
      revision,
      totalEur: `${revision + 1}.00`,
    })
  }
})

void t.test('names with odd characters', async (t) => {
  const service = await startService(t)
  const names = ['a/b', 'ä%?#+&;=é', 'Emma Smith', '🙂', '...', 'x'.repeat(200), '-', '__proto__']
  const events = names.map((customer, n) => billable('2020-01-10T00:00:00Z', { customer, amountEUR: n }))
  await take(service, ...events)
  const read = await take(service, billable('2020-02-10T00:00:00Z'))
  for (const [n, customer] of names.entries()) {
    const path = `/customers/${encodeURIComponent(customer)}`
    t.match((await service.get(`${path}?month=2020-01&${read}`)).body, { customer, totalEur: `${n}.00` })
    t.match((await service.get(`${path}/invoices/2020-01`)).body, { customer, totalEur: `${n}.00` })
    t.match((await service.get(`${path}/invoices`)).body, { items: [{ customer }], next: null })
  }
})

void t.test('documents carry an entity tag, and are not sent again to who has it', async (t) => {
  const service = await startService(t)
  await take(service, billable('2020-01-10T00:00:00Z'))
  const read = await take(service, billable('2020-02-10T00:00:00Z'))
  for (const path of ['/customers/Emma', '/customers/Emma/invoices/2020-01', '/types/data']) {
    const first = await service.get(`${path}?${read}`)
    const tag = first.headers.get('etag')!
    t.match(tag, /^"[\w-]{27}"$/)
    t.equal((await service.get(path, { 'if-none-match': tag })).status, 304)
    t.equal((await service.send(path, { method: 'HEAD' })).headers.get('etag'), tag)
  }
  const tag = (await service.get('/customers/Emma')).headers.get('etag')!
  const more = await take(service, billable('2020-02-11T00:00:00Z'))
  t.equal((await service.get(`/customers/Emma?${more}`, { 'if-none-match': tag })).status, 200)
})

void t.test('what is unknown is not found', async (t) => {
  const service = await startService(t)
  await service.get('/projections')
  for (const path of ['/types/data', '/types/data/customers', '/customers/Emma']) {
    t.equal((await service.get(path)).status, 404, `${path} before anything was billed`)
  }
  t.match((await service.get('/types/data?month=2020-01')).body, { totalEur: '0.00' })
  const read = await take(service, billable('2020-01-10T00:00:00Z'))
  await service.get(`/customers/Emma?${read}`)
  const unknown: [string, RegExp][] = [
    ['/customers/Liam', /no customer "Liam"/],
    ['/customers/emma', /no customer "emma"/],
    ['/customers/Liam?month=2020-01', /no customer "Liam"/],
    ['/customers/Liam/invoices', /no customer "Liam"/],
    ['/customers/Liam/invoices/2020-01', /no customer "Liam"/],
    ['/customers/Emma/invoices/2020-01', /no invoice for 2020-01/],
    ['/types/sms', /no type "sms", only MESSAGE, DATA/],
    ['/types/sms/customers', /no type "sms"/],
    ['/types/m%C4%B1sc', /no type/],
  ]
  for (const [path, detail] of unknown) {
    const answer = await service.get(path)
    t.equal(answer.status, 404, path)
    t.match(answer.body, { code: 'not-found', detail }, path)
  }
  const malformed: [string, string][] = [
    ['/customers/Emma?month=2020-13', '/month'],
    ['/customers/Emma?month=january', '/month'],
    ['/customers/Emma/invoices/2020-1', '/month'],
    ['/types/data?month=2020', '/month'],
    ['/types/data/customers?limit=0', '/limit'],
    ['/customers/Emma?minPosition=-1', '/minPosition'],
  ]
  for (const [path, name] of malformed) {
    t.match((await service.get(path)).body, { code: 'invalid-parameter', errors: [{ path: name }] }, path)
  }
  const cursor = 'cursor=AAAAAAAA.x'
  t.match((await service.get(`/customers/Emma/invoices?${cursor}`)).body, { code: 'invalid-cursor' })
})

void t.test('a request with a key counts once, without a key each time', async (t) => {
  const service = await startService(t)
  const event = billable('2020-01-10T00:00:00Z')
  const key = { 'idempotency-key': 'k-1' }
  t.match((await service.post('/billable-events', event, key)).body, { appended: 1, duplicates: 0 })
  t.match((await service.post('/billable-events', event, key)).body, { appended: 1 }, 'the first answer')
  await service.post('/billable-events', event)
  await service.post('/billable-events', [event, event])
  const read = await take(service, billable('2020-01-10T00:00:00Z', { customer: 'Liam' }))
  t.match((await service.get(`/customers/Emma?${read}`)).body, { totalEur: '4.00', eventCount: 4 })
  const other = await service.post('/billable-events', billable('2020-01-11T00:00:00Z'), key)
  t.match(other, { status: 409, body: { code: 'idempotency-key-reused' } })
})

void t.test('a faulty request is refused whole, with the path of each fault', async (t) => {
  const service = await startService(t)
  const { status, body } = await service.post('/billable-events', [
    billable('2020-01-10T00:00:00Z'),
    { timestampMs: '1', customer: '', amountEUR: '1,5', type: 'SMS' },
    billable('2020-01-10T00:00:00Z', { amountEUR: 1e15 }),
  ])
  t.equal(status, 400)
  t.same(
    (body.errors as { path: string; code: string }[]).map(({ path, code }) => `${path} ${code}`).sort(),
    [
      '/1/amountEUR invalid-amount',
      '/1/customer invalid-customer',
      '/1/timestampMs invalid-instant',
      '/1/type invalid-billable-type',
      '/2/amountEUR invalid-amount',
    ],
  )
  t.equal(await service.eventStore.head(), 0, 'nothing was written')
})
