import t from 'tap'
import { upcasting } from '../../event-store/upcasting.js'
import { watchedReads } from '../projections/watched-reads.js'
import { agreement, dataRecord, startService } from './service.js'

const month = '/agreements/agreement-1/billing-periods/2020-01'

void t.test('a document as of any position is what it was then', async (t) => {
  const { post, get } = await startService(t)
  const believed: { position: number; text: string; tag: string | null }[] = []
  await post('/agreements', agreement())
  for (let n = 1; n <= 5; n++) {
    const { body } = await post('/data-records', dataRecord(`r${n}`, { recordedBytes: n }))
    const position = Number(body.position)
    const { text, headers } = await get(`${month}?minPosition=${position}`)
    believed.push({ position, text, tag: headers.get('etag') })
  }
  for (const { position, text, tag } of believed) {
    const then = await get(`${month}?asOf=${position}`)
    t.equal(then.text, text, `as of ${position}`)
    t.equal(then.headers.get('etag'), tag)
    t.equal(then.headers.get('as-of-position'), String(position))
    const again = await get(`${month}?asOf=${position}`, { 'if-none-match': tag! })
    t.same([again.status, again.headers.get('as-of-position')], [304, String(position)])
  }
  const now = await get(`${month}?asOf=9007199254740991`)
  t.equal(now.text, believed.at(-1)?.text, 'what is to come is now')
  t.equal(now.headers.get('as-of-position'), String(believed.at(-1)?.position))
  t.equal((await get(month)).headers.get('as-of-position'), null)
})

void t.test('an instant stands for what the log had taken by then', async (t) => {
  const { post, get, eventStore } = await startService(t)
  await post('/agreements', agreement())
  await post('/data-records', dataRecord('r1'))
  const [first] = await eventStore.readStream('agreement-agreement-1', { limit: 1 })
  const [second] = await eventStore.readStream('subscriber-48100200300', { limit: 1 })
  const iso = (instant: number) => new Date(instant).toISOString()
  const at = async (asOf: string) => {
    const { status, headers } = await get(`${month}?asOf=${encodeURIComponent(asOf)}`)
    return [status, headers.get('as-of-position')]
  }
  t.same(await at(iso(second!.recordedTime)), [200, '2'])
  t.same(await at(iso(first!.recordedTime - 1)), [404, '0'])
  t.same(await at('2999-01-01T00:00:00+01:00[Europe/Warsaw]'), [200, '2'])
  t.same(await at('1999-01-01T00:00Z'), [404, '0'])
})

void t.test('before a document existed there is none', async (t) => {
  const { post, get } = await startService(t)
  await post('/data-records', dataRecord('early', { msisdn: '1' }))
  await post('/agreements', agreement())
  const { body } = await post('/data-records', dataRecord('r1'))
  const missing: [string, RegExp][] = [
    ['/agreements/agreement-1?asOf=1', /^there is no agreement "agreement-1" as of position 1$/],
    [`${month}?asOf=1`, /^there is no agreement "agreement-1" as of position 1$/],
    [`${month}?asOf=2`, /^agreement "agreement-1" has no data records in 2020-01 as of position 2$/],
    ['/agreements/nobody?asOf=3', /no agreement "nobody" as of position 3$/],
    ['/dead-letters/nothing?asOf=3', /no dead letter "nothing" as of position 3$/],
  ]
  for (const [path, detail] of missing) {
    const answer = await get(`${path}&minPosition=${String(body.position)}`)
    t.match([answer.status, answer.body], [404, { code: 'not-found', detail }], path)
  }
  t.equal((await get('/agreements/agreement-1?asOf=2')).body.id, 'agreement-1')
})

void t.test('dead letters have a past as well', async (t) => {
  const { post, get, send } = await startService(t)
  await post('/data-records', dataRecord('r1'))
  await post('/data-records', dataRecord('r1', { recordedBytes: 7 }))
  const { body } = await get('/dead-letters?minPosition=2')
  const [{ id }] = body.items as [{ id: string }]
  const first = await get(`/dead-letters/${id}?asOf=2`)
  t.match(first.body, { retries: 0, reason: 'conflicting-duplicate' })
  await send(`/dead-letters/${id}/retry`, { method: 'POST' })
  t.match((await get(`/dead-letters/${id}?minPosition=3`)).body, { retries: 1 })
  t.equal((await get(`/dead-letters/${id}?asOf=2`)).text, first.text)
  t.equal((await get(`/dead-letters/${id}?asOf=1`)).status, 404)
})

void t.test('what customers owe, types come to and invoices say has a past as well', async (t) => {
  const { post, get } = await startService(t)
  const billed = (timestampMs: string, amountEUR: string, customer = 'Emma') => ({
    timestampMs: Date.parse(timestampMs),
    customer,
    amountEUR,
    type: 'data',
  })
  await post('/billable-events', billed('2020-01-10T00:00:00Z', '1.00'))
  // It ends January, for everybody.
  await post('/billable-events', billed('2020-02-10T00:00:00Z', '5.00', 'Liam'))
  const { body } = await post('/billable-events', billed('2020-01-11T00:00:00Z', '0.001'))
  // Waits until the invoices, which stand after it, are in the log.
  await get(`/customers/Emma/invoices/2020-01?minPosition=${String(body.position)}`)
  const as = async (path: string) => {
    const { status, body, headers } = await get(path)
    t.equal(headers.get('as-of-position'), new URL(`http://x${path}`).searchParams.get('asOf'))
    return status === 200 ? [body.month, body.totalEur] : String(body.detail)
  }
  t.same(await as('/customers/Emma?asOf=1'), ['2020-01', '1.00'])
  t.same(await as('/customers/Emma?asOf=2'), ['2020-02', '0.00'])
  t.same(await as('/customers/Emma?asOf=2&month=2020-01'), ['2020-01', '1.00'])
  t.same(await as(`/customers/Emma?month=2020-01`), ['2020-01', '1.01'])
  t.match(await as('/customers/Liam?asOf=1'), /no customer "Liam" as of position 1$/)
  t.match(await as('/customers/Emma/invoices/2020-01?asOf=1'), /no invoice for 2020-01 as of position 1$/)
  t.same(await as('/customers/Emma/invoices/2020-01?asOf=2'), ['2020-01', '1.00'])
  t.same(await as('/types/data?asOf=2'), ['2020-02', '5.00'])
  t.same(await as('/types/data?asOf=2&month=2020-01'), ['2020-01', '1.00'])
  t.same(await as('/types/call?asOf=2&month=2020-01'), ['2020-01', '0.00'])
  t.match(await as('/types/data?asOf=0'), /nothing has been billed yet as of position 0$/)
})

void t.test('what is neither a position nor an instant is refused by its name', async (t) => {
  const { get } = await startService(t)
  for (const asOf of [
    '',
    '-1',
    '1.5',
    'yesterday',
    '2020-01-01',
    '2020-01-01T00:00:00 01:00',
    '9007199254740993',
    '2020-02-30T00:00Z',
    '1&asOf=2',
  ]) {
    const { status, body } = await get(`${month}?asOf=${asOf.replaceAll(' ', '%20')}`)
    t.equal(status, 400, asOf)
    t.match(body, { code: 'invalid-parameter', errors: [{ path: '/asOf', detail: /asOf/ }] }, asOf)
  }
  t.match((await get(`${month}?asOf=2020-01-01T00:00+01:00`)).body.detail, /in an address, \+ is written %2B/)
})

void t.test('lists are as of now only, and say so', async (t) => {
  const { get, description } = await startService(t)
  const lists = Object.entries(description.document.paths)
    .filter(([, { get }]) => get?.parameters?.some(({ name }) => name === 'minPosition'))
    .filter(([, { get }]) => !get?.parameters?.some(({ name }) => name === 'asOf'))
    .map(([path]) => path.replace('{month}', '2020-01').replace(/\{\w+\}/g, 'x'))
  t.ok(lists.includes('/notifications') && lists.includes(`/agreements/x/billing-periods`))
  for (const path of lists) {
    const { status, body } = await get(`${path}?asOf=1`)
    t.equal(status, 400, path)
    t.match(
      body,
      { code: 'invalid-parameter', errors: [{ path: '/asOf', detail: /answers as of now/ }] },
      path,
    )
    t.not((await get(path)).status, 400, path)
  }
})

/** A service whose reading of the log waits until it is let go on. */
async function slowService(t: Parameters<typeof startService>[0]) {
  let reached = () => {}
  let goOn = () => {}
  const reading = new Promise<void>((resolve) => (reached = resolve))
  const gate = new Promise<void>((resolve) => (goOn = resolve))
  const through: NonNullable<Parameters<typeof startService>[1]>['through'] = (log) =>
    watchedReads(log, async (page) => {
      reached()
      await gate
      return page
    })
  const service = await startService(t, { through, longReads: { atOnce: 1, waiting: 0 } })
  const { body } = await service.post('/agreements', agreement())
  await service.get(`/agreements/agreement-1?minPosition=${String(body.position)}`)
  return { ...service, reading, goOn }
}

void t.test('few read the log at a time; documents of now are answered meanwhile', async (t) => {
  const { get, reading, goOn } = await slowService(t)
  const first = get('/agreements/agreement-1?asOf=1')
  await reading
  const second = await get('/agreements/agreement-1?asOf=1')
  t.match([second.status, second.body.code], [503, 'too-many-long-reads'])
  t.equal(second.headers.get('retry-after'), '1')
  t.equal((await get('/agreements/agreement-1')).status, 200)
  goOn()
  t.equal((await first).status, 200)
  t.equal((await get('/agreements/agreement-1?asOf=1')).status, 200)
})

void t.test('a server that stops does not wait for the log to be read', async (t) => {
  const { get, post, reading, goOn, close } = await slowService(t)
  await post(
    '/data-records',
    Array.from({ length: 1_500 }, (_, n) => dataRecord(`r${n}`)),
  )
  const answer = get('/agreements/agreement-1?asOf=1501')
  const waiting = get('/streams?minPosition=9999')
  await reading
  // The server has the other request as soon as one that was sent later is answered.
  await get('/health/live')
  const closed = close()
  t.equal((await waiting).status, 503, 'it is stopping')
  goOn()
  const { status, body } = await answer
  t.match([status, body], [503, { code: 'not-caught-up', detail: /is stopping/ }])
  await closed
})

void t.test('a log that a newer program has written says so', async (t) => {
  const { get, eventStore } = await startService(t, { run: false, through: upcasting })
  const event = { id: '11111111-1111-4111-8111-111111111111', type: 'AgreementSigned', data: {} }
  await eventStore.append([{ ...event, stream: 'agreement-a', metadata: { schemaVersion: 2 } }])
  for (const path of ['/streams/agreement-a', '/agreements/a?asOf=1']) {
    const { status, body } = await get(path)
    t.match([status, body], [503, { code: 'unknown-schema-version', detail: /newer program/ }], path)
  }
})
