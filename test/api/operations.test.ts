import { connect } from 'node:net'
import { once } from 'node:events'
import pino from 'pino'
import t from 'tap'
import { decorated } from '../../event-store/decorated.js'
import { projections } from '../../projections/index.js'
import { agreement, dataRecord, startService } from './service.js'

void t.test('health', async (t) => {
  const { get, readStore } = await startService(t)
  t.same((await get('/health/live')).body, { status: 'live' })
  t.same(await get('/health/ready').then(({ body }) => body), { status: 'ready' })
  await readStore.close()
  const ready = await get('/health/ready')
  t.equal(ready.status, 503)
  t.match(ready.body, { code: 'not-ready', reasons: [/a store does not answer/] })
  t.equal((await get('/health/live')).status, 200)
})

void t.test('a service whose projections never ran is not ready', async (t) => {
  const { get } = await startService(t, { run: false })
  const { status, body } = await get('/health/ready')
  t.equal(status, 503)
  t.equal((body.reasons as string[]).length, projections.length)
})

void t.test('a process that is no API tells how it is, and nothing else', async (t) => {
  const { get, post, description } = await startService(t, { resources: false })
  t.same(Object.keys(description.document.paths).sort(), ['/health/live', '/health/ready', '/metrics'])
  t.equal((await get('/health/live')).status, 200)
  t.equal((await get('/health/ready')).status, 200)
  t.match((await get('/metrics')).text, /^tidemark_projection_lag\{projection="data-plans"\} 0$/m)
  t.equal((await get('/docs')).status, 200, 'where the types of its problems lead')
  t.equal((await get('/projections')).status, 404)
  t.equal((await post('/agreements', agreement())).status, 404)
})

void t.test('figures of the process are there when a store is not', async (t) => {
  let isSilent = false
  const { get, readStore } = await startService(t, {
    through: (log) =>
      decorated(log, {
        // As a server does that takes connections, and says nothing.
        head: () => (isSilent ? new Promise<number>(() => {}) : log.head()),
      }),
  })
  const sample = (text: string, name: string) => text.split('\n').filter((line) => line.startsWith(name))
  t.equal(sample((await get('/metrics')).text, 'tidemark_projection_lag{').length, projections.length)

  isSilent = true
  const withoutLog = await get('/metrics')
  t.equal(withoutLog.status, 200)
  t.same(sample(withoutLog.text, 'tidemark_store_up'), [
    'tidemark_store_up{store="log"} 0',
    'tidemark_store_up{store="read-models"} 1',
  ])
  t.same(sample(withoutLog.text, 'tidemark_log_head_position'), [])
  for (const name of ['position', 'lag', 'state'])
    t.same(sample(withoutLog.text, `tidemark_projection_${name}`), [], `${name} would be wrong`)
  t.equal(sample(withoutLog.text, 'tidemark_projection_documents{').length, projections.length)
  t.ok(sample(withoutLog.text, 'http_request_duration_seconds_count').length > 0)
  t.ok(sample(withoutLog.text, 'process_cpu_seconds_total').length > 0)

  isSilent = false
  await readStore.close()
  const { status, text } = await get('/metrics')
  t.equal(status, 200)
  t.same(sample(text, 'tidemark_store_up'), [
    'tidemark_store_up{store="log"} 1',
    'tidemark_store_up{store="read-models"} 0',
  ])
  t.equal(sample(text, 'tidemark_log_head_position').length, 1)
  t.same(sample(text, 'tidemark_dead_letters'), [])
})

void t.test('figures for Prometheus', async (t) => {
  const { post, get } = await startService(t)
  await post('/agreements', agreement())
  const { body } = await post('/data-records', [dataRecord('a'), dataRecord('a'), dataRecord('b')])
  await post('/data-records', dataRecord('a', { recordedBytes: 1 }))
  await get(`/agreements/agreement-1/billing-periods/2020-01?minPosition=${String(body.position)}`)
  await get('/projections?minPosition=4')
  const { text, headers } = await get('/metrics')
  t.match(headers.get('content-type'), /^text\/plain; version=0\.0\.4/)
  const lines = text.split('\n')
  for (const line of [
    '# TYPE http_request_duration_seconds histogram',
    'http_request_duration_seconds_count{method="POST",route="/data-records",status="200"} 1',
    'http_request_duration_seconds_count{method="POST",route="/data-records",status="409"} 1',
    'http_request_duration_seconds_bucket{method="GET",route="/agreements/:id/billing-periods/:month",status="200",le="+Inf"} 1',
    'tidemark_events_appended_total 4',
    'tidemark_records_total{kind="data-records",outcome="appended"} 2',
    'tidemark_records_total{kind="data-records",outcome="duplicate"} 1',
    'tidemark_records_total{kind="data-records",outcome="rejected"} 1',
    'tidemark_store_up{store="log"} 1',
    'tidemark_store_up{store="read-models"} 1',
    'tidemark_log_head_position 4',
    'tidemark_projection_position{projection="data-plans"} 4',
    'tidemark_projection_lag{projection="data-plans"} 0',
    'tidemark_projection_state{projection="data-plans",state="live"} 1',
    'tidemark_projection_state{projection="data-plans",state="failed"} 0',
    'tidemark_dead_letters 1',
  ]) {
    t.ok(lines.includes(line), line)
  }
  t.match(text, /^process_cpu_seconds_total /m)
})

void t.test('methods that a route does not take', async (t) => {
  const { send } = await startService(t)
  const refused: [string, string, string][] = [
    ['DELETE', '/agreements/a', 'GET, HEAD, OPTIONS'],
    ['GET', '/agreements', 'POST, OPTIONS'],
    ['HEAD', '/data-records', 'POST, OPTIONS'],
    ['PUT', '/agreements/a/billing-periods/2020-01', 'GET, HEAD, OPTIONS'],
    ['PATCH', '/projections/data-plans/rebuild', 'POST, OPTIONS'],
    ['POST', '/health/live', 'GET, HEAD, OPTIONS'],
  ]
  for (const [method, path, allow] of refused) {
    const answer = await send(path, { method, ...(method === 'PUT' ? { body: 'whatever' } : {}) })
    t.equal(answer.status, 405, `${method} ${path}`)
    t.equal(answer.headers.get('allow'), allow)
    if (method !== 'HEAD') t.equal(answer.body.code, 'method-not-allowed')
  }
  const options = await send('/agreements', { method: 'OPTIONS' })
  t.equal(options.status, 204)
  t.equal(options.headers.get('allow'), 'POST, OPTIONS')
  t.equal((await send('/nothing', { method: 'POST', body: 'x' })).status, 404, 'whatever the body is')
})

void t.test('the OpenAPI document describes every route', async (t) => {
  const { description, get } = await startService(t)
  const { document } = description
  t.equal(document.openapi, '3.1.0')
  const ids = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  )
  t.equal(new Set(ids).size, ids.length, 'programs made from it have a name for each route')
  t.ok(ids.includes('getAgreementsIdBillingPeriodsMonth'))
  t.match(document.info, { title: 'Tidemark', version: '0.0.0' })
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  t.same(routes.sort(), [
    'GET /agreements/{id}',
    'GET /agreements/{id}/billing-periods',
    'GET /agreements/{id}/billing-periods/{month}',
    'GET /agreements/{id}/billing-periods/{month}/data-records',
    'GET /agreements/{id}/billing-periods/{month}/explain',
    'GET /customers/{customer}',
    'GET /customers/{customer}/invoices',
    'GET /customers/{customer}/invoices/{month}',
    'GET /customers/{customer}/invoices/{month}/explain',
    'GET /data-records/unmatched',
    'GET /dead-letters',
    'GET /dead-letters/{id}',
    'GET /health/live',
    'GET /health/ready',
    'GET /metrics',
    'GET /money-events/{userId}/{id}',
    'GET /money-events/{userId}/{id}/explain',
    'GET /notifications',
    'GET /projections',
    'GET /projections/{name}',
    'GET /sessions/unresolved',
    'GET /streams',
    'GET /streams/{stream}',
    'GET /types/{type}',
    'GET /types/{type}/customers',
    'GET /users/{userId}/money-events',
    'POST /agreements',
    'POST /billable-events',
    'POST /clocks/data-records',
    'POST /data-records',
    'POST /dead-letters/{id}/retry',
    'POST /projections/{name}/rebuild',
    'POST /session-events',
    'POST /sessions/{id}/retry',
    'POST /user-events',
    'POST /wallet-events',
  ])
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { summary, responses }] of Object.entries(methods)) {
      t.ok(summary, `${method} ${path} has a summary`)
      t.ok(responses[200]?.content && responses[500]?.content, `${method} ${path} has answers`)
      t.doesNotThrow(() => description.dereferenced(responses), `${method} ${path} refers to what there is`)
    }
  }
  const answer = await get('/openapi.json')
  t.match(answer.headers.get('content-type'), /^application\/json/)
  t.equal((await get('/openapi.json', { 'if-none-match': answer.headers.get('etag')! })).status, 304)
})

void t.test('the reference page stands on its own', async (t) => {
  const { get } = await startService(t)
  const { status, headers, text } = await get('/docs')
  t.equal(status, 200)
  t.match(headers.get('content-type'), /^text\/html/)
  t.match(headers.get('content-security-policy'), /default-src 'none'/)
  t.notMatch(text, /<script|<link|src=|url\(|https?:\/\//, 'it loads nothing')
  t.match(text, /billing-periods\/\{month\}/)
  t.match(text, /id="conflicting-duplicate"/, 'the type of a problem leads here')
  t.equal((await get('/')).headers.get('location'), '/docs')
})

void t.test('what is not HTTP is answered with a problem', async (t) => {
  const { url, description } = await startService(t)
  const ask = async (request: string) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.end(request)
    let text = ''
    socket.on('data', (chunk) => (text += chunk.toString()))
    await once(socket, 'close')
    const [head = '', body = ''] = text.split('\r\n\r\n')
    const status = Number(head.split(' ')[1])
    const headers = new Headers({ 'content-type': /content-type: (.*)/.exec(head)?.[1] ?? '' })
    const answer = { status, headers, text: body, body: JSON.parse(body) as Record<string, unknown> }
    description.check(t, 'GET', '/malformed', answer)
    return answer
  }
  t.match(await ask('NONSENSE\r\n\r\n'), { status: 400, body: { code: 'malformed-request' } })
  const long = `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`
  t.match(await ask(long), { status: 431, body: { code: 'headers-too-large' } })
  const escape = 'GET /agreements/%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'
  t.match(await ask(escape), { status: 400, body: { code: 'malformed-request' } })
})

void t.test('an error that nobody foresaw is logged, and not told', async (t) => {
  const logged: Record<string, unknown>[] = []
  const stream = { write: (line: string) => logged.push(JSON.parse(line) as Record<string, unknown>) }
  const { get, readStore } = await startService(t, { logger: pino({}, stream) })
  await readStore.close()
  const { status, body, text } = await get('/agreements/a', { 'idempotency-key': 'k' })
  t.equal(status, 500)
  t.equal(body.code, 'internal-error')
  const error = logged.find(({ msg }) => msg === 'a request failed')
  t.match(error, { level: 50, method: 'GET', url: '/agreements/a', err: { stack: String } })
  t.match(text, String(error?.requestId), 'the answer says under which id')
  t.equal(logged.filter(({ level }) => level === 30).length, 1, 'requests are not logged one by one')
})

void t.test('slow requests are logged', async (t) => {
  const logged: Record<string, unknown>[] = []
  const stream = { write: (line: string) => logged.push(JSON.parse(line) as Record<string, unknown>) }
  const { get, close } = await startService(t, {
    logger: pino({}, stream),
    readPatience: 1_100,
    slowRequest: 1_000,
  })
  await get('/health/live')
  await get('/streams?minPosition=1')
  await close()
  const slow = logged.filter(({ msg }) => msg === 'a slow request')
  t.match(slow, [
    { level: 40, method: 'GET', url: '/streams?minPosition=1', status: 503, milliseconds: Number },
  ])
})

void t.test('closing lets requests finish, and ends waiting', async (t) => {
  const { url, close, post } = await startService(t)
  await post('/agreements', agreement())
  const waiting = fetch(`${url}/agreements/agreement-1?minPosition=99`)
  // The server has the request as soon as another one that was sent later is answered.
  await fetch(`${url}/health/live`)
  const closed = close()
  const answer = await waiting
  t.equal(answer.status, 503)
  t.match(await answer.json(), { code: 'not-caught-up', detail: /stopping/ })
  await closed
  await t.rejects(fetch(`${url}/health/live`))
})

void t.test(
  'a server that closes does not wait for clients that send nothing, or half a request',
  async (t) => {
    const { url, close } = await startService(t, { farewell: 50 })
    const port = Number(new URL(url).port)
    for (const sent of ['', 'GET /health/live HTTP/1.1\r\nhost:']) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      await once(socket, 'connect')
      socket.write(sent)
    }
    // Without an end it would be stopped by the time limit of the tests.
    await close()
  },
)
