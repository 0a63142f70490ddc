import t, { type Test } from 'tap'
import { walletEvent } from '../projections/money.js'
import { agreement, dataRecord, startService, type Answer } from './service.js'

const month = '/agreements/agreement-1/billing-periods/2020-01'
const url = `${month}/explain`

interface Explained {
  readonly figure: { readonly value: number; readonly events: number }
  readonly position: number
  readonly steps: { readonly position: number; readonly amount: number; readonly total: number }[]
  readonly outcomes: { readonly type: string; readonly figure: number }[]
  readonly next: string | null
}

function explained({ body }: Answer): Explained {
  return body as unknown as Explained
}

/** A month of ten records of 100 bytes each, of which the tenth exceeds the plan. */
async function exceededMonth(t: Test) {
  const service = await startService(t)
  await service.post('/agreements', agreement())
  const { body } = await service.post(
    '/data-records',
    Array.from({ length: 10 }, (_, n) => dataRecord(`r${n}`)),
  )
  await service.get(`/notifications?minPosition=${String(body.position)}`)
  return { ...service, position: Number(body.position) }
}

void t.test('an explanation adds up to the figure of the document', async (t) => {
  const { get, eventStore } = await exceededMonth(t)
  const document = await get(month)
  const head = await eventStore.head()
  const answer = await get(`${url}?minPosition=${head}`)
  const { figure, steps, outcomes, position, next } = explained(answer)
  t.equal(answer.status, 200)
  t.match(answer.body.subject, { type: 'billing-period', agreementId: 'agreement-1', month: '2020-01' })
  t.equal(figure.value, document.body.totalRecordedBytes)
  t.equal(figure.events, document.body.recordCount)
  t.equal(
    steps.reduce((sum, { amount }) => sum + amount, 0),
    figure.value,
  )
  t.same([steps.length, steps.at(-1)?.total, next], [10, 1000, null])
  t.same(
    outcomes.map(({ type, figure }) => [type, figure]),
    [['DataPlanExceeded', 1000]],
  )
  t.same([position, answer.headers.get('as-of-position')], [head, String(head)])
  const { body } = await get('/streams/subscriber-48100200300')
  const inLog = (body.items as { position: number; data: { recordedBytes: number } }[]).reverse()
  t.same(
    steps.map(({ position, amount }) => [position, amount]),
    inLog.map(({ position, data }) => [position, data.recordedBytes]),
  )
  const tag = answer.headers.get('etag')!
  t.equal((await get(url, { 'if-none-match': tag })).status, 304)
})

void t.test('an invoice adds up, cent by cent', async (t) => {
  const { get, post } = await startService(t)
  const billed = (timestampMs: string, amountEUR: string, customer = 'Emma') => ({
    timestampMs: Date.parse(timestampMs),
    customer,
    amountEUR,
    type: 'CALL',
  })
  const { body } = await post('/billable-events', [
    billed('2020-01-10T00:00:00Z', '12.30'),
    billed('2020-01-31T23:59:59.999Z', '0.001'),
    billed('2020-02-01T00:00:00Z', '7.00'),
    billed('2020-02-10T00:00:00Z', '1.00', 'Liam'),
    billed('2020-01-05T00:00:00Z', '-0.30'),
  ])
  const invoice = '/customers/Emma/invoices/2020-01'
  const { body: document } = await get(`${invoice}?minPosition=${String(body.position)}`)
  await get('/streams/invoice-Emma-2020-01?minPosition=7')
  const answer = await get(`${invoice}/explain?minPosition=7`)
  t.match(answer.body, {
    subject: { type: 'invoice', customer: 'Emma', month: '2020-01', billingTimeZone: 'UTC' },
    figure: { name: 'totalEur', value: document.totalEur, unit: 'EUR', events: 3 },
    grounds: [],
    steps: [
      { amount: '12.30', total: '12.30', rule: { code: 'as-it-came' } },
      { amount: '0.01', total: '12.31', rule: { code: 'rounded-to-cent', detail: /0.001 EUR as it came/ } },
      { amount: '-0.30', total: '12.01', at: '2020-01-05T00:00:00Z', position: 5 },
    ],
    outcomes: [
      { type: 'InvoiceIssued', figure: '12.31' },
      { type: 'InvoiceCorrected', figure: '12.01' },
    ],
  })
  t.equal(document.totalEur, '12.01')
  const nobody = await get('/customers/Nobody/invoices/2020-01/explain')
  t.match(nobody.body, { status: 404, detail: /customer "Nobody" was billed nothing in 2020-01/ })
})

void t.test('money is explained by what is known of its user and its session', async (t) => {
  const { get, post } = await startService(t)
  const money = (id: string, at: string) => walletEvent({ id, at, session: 's' })
  await post('/wallet-events', money('m1', '2020-01-10T12:00:00Z'))
  const address = { type: 'ChangeAddressEvent', userId: 'u', residentCountryCode: 'PL' }
  await post('/user-events', { ...address, processedAt: '2020-01-01T00:00:00Z' })
  await post('/user-events', { ...address, processedAt: '2020-02-01T00:00:00Z', residentCountryCode: 'DE' })
  const session = { type: 'UserSessionCreatedEvent', id: 's', clientCountryCode: 'FR' }
  await post('/session-events', { ...session, processedAt: '2020-01-10T00:00:00Z' })
  const { body } = await post('/wallet-events', money('m0', '2020-01-09T12:00:00Z'))
  const position = Number(body.position)
  const document = await get(`/money-events/u/m1?minPosition=${position}`)
  t.match(document.body, { sessionInfo: { clientCountryCode: 'FR' }, firstOccurrence: false })
  const answer = await get(`/money-events/u/m1/explain?asOf=${position}`)
  t.same(answer.body.figure, {
    name: 'enrichment',
    value: {
      userInfo: { residentCountryCode: 'PL' },
      sessionInfo: { clientCountryCode: 'FR' },
      firstOccurrence: false,
      session: 'known',
    },
    events: 4,
  })
  t.match(answer.body.steps, [
    { stream: 'money-u', revision: 0, rule: { code: 'the-money' } },
    { stream: 'money-u', revision: 1, rule: { code: 'first-occurrence', detail: /Money m0 of type REAL/ } },
    { stream: 'user-u', revision: 0, rule: { code: 'latest-address', detail: /in PL/ } },
    { stream: 'session-s', revision: 0, rule: { code: 'session-known', detail: /began in FR/ } },
  ])
  const { figure } = (await get('/money-events/u/m1/explain?asOf=1')).body as {
    figure: { value: object }
  }
  t.same(figure.value, { firstOccurrence: true, session: 'pending' })
  const then = await get('/money-events/u/m1?asOf=1')
  t.match(then.body, { firstOccurrence: true, enrichment: { session: 'pending', revision: 0 } })
  t.notOk('userInfo' in then.body)
  t.match((await get('/money-events/u/m2/explain')).body, {
    status: 404,
    detail: /user "u" has no money "m2"/,
  })
  t.match((await get('/money-events/u/m0?asOf=1')).body, { status: 404, detail: /as of position 1$/ })
})

void t.test('a session that exists and does not count is shown with the reckoning of its end', async (t) => {
  const { get, post } = await startService(t)
  const money = (id: string, at: string, old = false) => walletEvent({ id, at, session: 's', old })
  const session = { type: 'UserSessionCreatedEvent', id: 's', clientCountryCode: 'FR' }
  await post('/session-events', { ...session, processedAt: '2020-01-10T00:00:00Z' })
  await post('/wallet-events', money('within', '2020-01-10T23:59:59.999Z'))
  await post('/wallet-events', money('after', '2020-01-11T00:00:00Z'))
  const { body } = await post('/wallet-events', money('old', '2020-01-10T12:00:00Z', true))
  const explained = async (id: string) => {
    const answer = await get(`/money-events/u/${id}/explain?minPosition=${Number(body.position)}`)
    return answer.body as {
      rule: string
      steps: { stream: string; rule: { code: string; detail: string } }[]
    }
  }
  const expected = [
    ['within', 'session-known', /counts for 86400 s, until 2020-01-11T00:00:00Z: the money was moved before/],
    [
      'after',
      'session-expired',
      /counts for 86400 s, until 2020-01-11T00:00:00Z: the money was not moved before/,
    ],
    ['old', 'session-of-old-money', /began in FR at 2020-01-10T00:00:00Z, but old money is not matched/],
  ] as const
  for (const [id, code, detail] of expected) {
    const { steps, rule } = await explained(id)
    t.match(steps.at(-1), { stream: 'session-s', rule: { code, detail } }, id)
    t.match(rule, /The time to live is 86400 s, as nothing else was set\.$/)
  }
})

void t.test('its pages are all of one time', async (t) => {
  const { get, post, eventStore } = await exceededMonth(t)
  const pages: Explained[] = []
  let cursor = `minPosition=${await eventStore.head()}`
  do {
    pages.push(explained(await get(`${url}?limit=4&${cursor}`)))
    const { body } = await post('/data-records', dataRecord(`more ${pages.length}`, { recordedBytes: 5_000 }))
    await get(`${month}?minPosition=${String(body.position)}`)
    cursor = `cursor=${encodeURIComponent(pages.at(-1)!.next ?? '')}`
  } while (pages.at(-1)!.next !== null)
  t.same(
    pages.map(({ steps, outcomes }) => [steps.length, outcomes.length]),
    [
      [4, 0],
      [4, 0],
      [2, 1],
    ],
  )
  for (const { figure, position } of pages) t.same([figure, position], [pages[0]!.figure, pages[0]!.position])
  const amounts = pages.flatMap(({ steps }) => steps.map(({ amount }) => amount))
  t.equal(
    amounts.reduce((sum, amount) => sum + amount, 0),
    pages[0]!.figure.value,
  )
  t.equal(pages.at(-1)!.steps.at(-1)?.total, pages[0]!.figure.value)
})

void t.test('as of a position it explains the document of then', async (t) => {
  const { get, position } = await exceededMonth(t)
  for (const asOf of [position, position - 4, position - 9]) {
    const then = await get(`${month}?asOf=${asOf}`)
    const { figure, position: explainedAt } = explained(await get(`${url}?asOf=${asOf}`))
    t.same([figure.value, explainedAt], [then.body.totalRecordedBytes, asOf])
  }
  t.equal((await get(`${url}?asOf=1`)).status, 404)
  const first = explained(await get(`${url}?asOf=${position}&limit=2`))
  const next = encodeURIComponent(first.next!)
  t.equal((await get(`${url}?asOf=${position}&limit=2&cursor=${next}`)).status, 200)
  const other = await get(`${url}?asOf=1&limit=2&cursor=${next}`)
  t.match([other.status, other.body.code], [400, 'invalid-cursor'])
})

void t.test('what is unknown or malformed is answered as everywhere', async (t) => {
  const { get } = await exceededMonth(t)
  const answers: [string, number, object][] = [
    [
      '/agreements/nobody/billing-periods/2020-01/explain',
      404,
      { code: 'not-found', detail: /no agreement "nobody"/ },
    ],
    [
      '/agreements/agreement-1/billing-periods/2020-02/explain',
      404,
      { detail: /no data records in 2020-02/ },
    ],
    ['/agreements/agreement-1/billing-periods/2020-13/explain', 400, { errors: [{ path: '/month' }] }],
    [`${url}?limit=0`, 400, { errors: [{ path: '/limit' }] }],
    [`${url}?asOf=soon`, 400, { errors: [{ path: '/asOf' }] }],
    [`${url}?cursor=x`, 400, { code: 'invalid-cursor' }],
    [`${url}?minPosition=x`, 400, { errors: [{ path: '/minPosition' }] }],
  ]
  for (const [path, status, body] of answers) {
    const answer = await get(path)
    t.equal(answer.status, status, path)
    t.match(answer.body, body, path)
  }
})

void t.test('without its read model there is nothing to find the streams by', async (t) => {
  const { get, post } = await startService(t, { run: false })
  await post('/agreements', agreement())
  t.match((await get(url)).body, { status: 503, code: 'not-caught-up' })
})
