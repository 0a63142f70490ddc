import { EventEmitter, once } from 'node:events'
import t from 'tap'
import { dataPlans } from '../../projections/data-plans/data-plans.js'
import type { Projection } from '../../projections/projection.js'
import { agreement, dataRecord, startService } from './service.js'

void t.test('projections are listed with how far they are', async (t) => {
  const { post, get } = await startService(t)
  await post('/agreements', agreement())
  const { body } = await post('/data-records', dataRecord('a', { recordedBytes: 1000 }))
  await get(`/notifications?minPosition=${String(body.position)}`)
  const listed = await get('/projections?minPosition=3')
  t.match(listed.body, {
    items: [
      { name: 'data-plans', version: dataPlans.version, position: 3, lag: 0, state: 'live' },
      { name: 'notifications', version: 1, position: 3, lag: 0, documents: 1, state: 'live' },
      { name: 'dead-letters', version: 2, position: 3, lag: 0, documents: 0, state: 'live' },
      { name: 'customer-billing', version: 1, position: 3, lag: 0, documents: 0, state: 'live' },
      { name: 'type-billing', version: 1, position: 3, lag: 0, documents: 0, state: 'live' },
    ],
    next: null,
  })
  const names: string[] = []
  for (let cursor = '', page = 0; page === 0 || cursor !== ''; page++) {
    const { body } = await get(`/projections?limit=2${cursor}`)
    const { items, next } = body as { items: { name: string }[]; next: string | null }
    t.ok(items.length <= 2)
    names.push(...items.map(({ name }) => name))
    cursor = next === null ? '' : `&cursor=${encodeURIComponent(next)}`
  }
  const listedNames = (listed.body.items as { name: string }[]).map(({ name }) => name)
  t.same(names, listedNames, 'page by page')
  t.equal((await get('/projections?limit=0')).status, 400)
  t.equal((await get('/projections?cursor=x')).status, 400)
  const one = { name: 'data-plans', state: 'live', partitions: [{ partition: 0, position: 3, lag: 0 }] }
  t.match((await get('/projections/data-plans')).body, one)
})

void t.test('a rebuild gives the same documents under the same entity tags', async (t) => {
  const { post, get } = await startService(t)
  await post('/agreements', agreement())
  const { body } = await post('/data-records', [dataRecord('a'), dataRecord('b')])
  const path = `/agreements/agreement-1/billing-periods/2020-01?minPosition=${String(body.position)}`
  const before = await get(path)
  const rebuilt = await post('/projections/data-plans/rebuild')
  t.equal(rebuilt.status, 200)
  t.match(rebuilt.body, { name: 'data-plans', events: 3, seconds: Number, derivedDifferences: 0 })
  const after = await get(path)
  t.equal(after.text, before.text)
  t.equal(after.headers.get('etag'), before.headers.get('etag'))
  const more = await post('/data-records', dataRecord('c'))
  const next = await get(path.replace(/\d+$/, String(more.body.position)))
  t.match(next.body, { recordCount: 3 }, 'and goes on')
  t.match((await get('/projections/data-plans')).body, { rebuild: { state: 'done', events: 3 } })
  t.equal((await post('/projections/nothing/rebuild')).status, 404)
})

void t.test('documents can be read all the while a projection is rebuilt', async (t) => {
  const { post, get } = await startService(t)
  await post('/agreements', agreement())
  const { body } = await post('/data-records', [dataRecord('a'), dataRecord('b')])
  const path = '/agreements/agreement-1/billing-periods/2020-01'
  await get(`${path}?minPosition=${String(body.position)}`)
  let rebuilding = true
  const reading = (async () => {
    while (rebuilding) {
      const [period, list] = await Promise.all([get(path), get(`${path}/data-records`)])
      t.match(period, { status: 200, body: { recordCount: 2 } })
      t.equal((list.body.items as unknown[]).length, 2)
    }
  })()
  for (let n = 0; n < 5; n++) t.equal((await post('/projections/data-plans/rebuild')).status, 200)
  rebuilding = false
  await reading
})

/** Handles every event when it is told to. */
function held() {
  const signals = new EventEmitter()
  let open = true
  const projection: Projection = {
    name: 'held',
    version: 1,
    categories: ['agreement'],
    collections: { nothing: {} },
    watches: [],
    handlers: {
      AgreementSigned: async () => {
        if (open) return
        const released = once(signals, 'release')
        signals.emit('begun')
        await released
      },
    },
  }
  return {
    projection,
    begun: () => {
      open = false
      return once(signals, 'begun')
    },
    release: () => {
      open = true
      signals.emit('release')
    },
  }
}

void t.test('a second rebuild of a projection is refused while one runs', async (t) => {
  const { projection, begun, release } = held()
  const { post, get } = await startService(t, { projections: [projection] })
  const { body } = await post('/agreements', agreement())
  await get(`/projections?minPosition=${String(body.position)}`)
  const began = begun()
  const first = post('/projections/held/rebuild')
  await began
  const second = await post('/projections/held/rebuild')
  t.equal(second.status, 409)
  t.match(second.body, { code: 'rebuild-running', detail: /GET \/projections\/held/ })
  t.match((await get('/projections/held')).body, { state: 'live', rebuild: { state: 'running' } })
  release()
  t.match(await first, { status: 200, body: { events: 1 } })
  t.equal((await post('/projections/held/rebuild')).status, 200, 'then it can be rebuilt again')
})

void t.test('a rebuild that takes long goes on without its request', async (t) => {
  const { projection, begun, release } = held()
  const { post, get } = await startService(t, { projections: [projection], rebuildPatience: 10 })
  const { body } = await post('/agreements', agreement())
  await get(`/projections?minPosition=${String(body.position)}`)
  const began = begun()
  const answer = await post('/projections/held/rebuild')
  await began
  t.equal(answer.status, 202)
  t.equal(answer.headers.get('location'), '/projections/held')
  t.same(answer.body, { name: 'held', state: 'running' })
  release()
  for (;;) {
    const { rebuild } = (await get('/projections/held')).body as { rebuild: { state: string } }
    if (rebuild.state === 'done') break
    t.equal(rebuild.state, 'running')
  }
})

void t.test('a rebuild is called off when the service stops', async (t) => {
  let aborted = false
  const { projection } = held()
  const { post, close, get } = await startService(t, {
    projections: [projection],
    rebuildPatience: 1,
    rebuild: async (_projection, { signal }) => {
      await once(signal, 'abort')
      aborted = true
      throw new Error('called off')
    },
  })
  t.equal((await post('/projections/held/rebuild')).status, 202)
  t.match((await get('/projections/held')).body, { rebuild: { state: 'running' } })
  await close()
  t.ok(aborted)
})

void t.test('a projection that failed is told, and waiting for it is not begun', async (t) => {
  const failing: Projection = {
    name: 'failing',
    version: 1,
    categories: ['agreement'],
    collections: { nothing: {} },
    watches: [],
    handlers: {
      AgreementSigned: () => {
        throw new Error('it does not fit')
      },
    },
  }
  const { post, get } = await startService(t, { projections: [dataPlans, failing] })
  const { body } = await post('/agreements', agreement())
  const waited = await get(`/projections/failing?minPosition=${String(body.position)}`)
  t.equal(waited.status, 503)
  t.match(waited.body, { code: 'not-caught-up', detail: /failing has stopped: .*it does not fit/ })
  t.match((await get('/projections/failing')).body, {
    state: 'failed',
    position: 0,
    failure: { position: 1, eventType: 'AgreementSigned', reason: /it does not fit/ },
  })
  const ready = await get('/health/ready')
  t.equal(ready.status, 503)
  t.match(ready.body, { code: 'not-ready', reasons: [/failing has stopped/] })
  t.equal(
    (await get(`/agreements/agreement-1?minPosition=${String(body.position)}`)).status,
    200,
    'others go on',
  )
})
