import t from 'tap'
import { buildServer } from '../../api/server.js'
import { projections } from '../../projections/index.js'
import { agreement, dataRecord, startService } from './service.js'

const key = { 'idempotency-key': 'order-66' }

void t.test('a repeated request is answered as the first time', async (t) => {
  const { post, eventStore } = await startService(t)
  const records = [dataRecord('a'), dataRecord('b')]
  const first = await post('/data-records', records, key)
  t.match(first.body, { position: 3, appended: 2, duplicates: 0 })
  const head = await eventStore.head()
  const again = await post('/data-records', records, key)
  t.equal(again.status, 200)
  t.same(again.body, first.body, 'with the same counts')
  t.equal(await eventStore.head(), head, 'and nothing is written')
  const [event] = await eventStore.readStream('subscriber-48100200300', { limit: 1 })
  t.equal(event?.metadata.source, 'key:POST /data-records:order-66#0')
})

void t.test('a conflict is repeated as a conflict', async (t) => {
  const { post, eventStore } = await startService(t)
  await post('/data-records', dataRecord('a'))
  const first = await post('/data-records', dataRecord('a', { recordedBytes: 1 }), key)
  t.equal(first.status, 409)
  const head = await eventStore.head()
  const again = await post('/data-records', dataRecord('a', { recordedBytes: 1 }), key)
  t.equal(again.status, 409)
  t.same(again.body, first.body)
  t.equal(await eventStore.head(), head)
})

void t.test('a key is not taken for another request', async (t) => {
  const { post, eventStore } = await startService(t)
  await post('/data-records', dataRecord('a'), key)
  const head = await eventStore.head()
  const other = await post('/data-records', dataRecord('b'), key)
  t.equal(other.status, 409)
  t.equal(other.body.code, 'idempotency-key-reused')
  t.equal(await eventStore.head(), head, 'nothing is written')
  t.match(
    (await post('/agreements', agreement(), key)).body,
    { appended: 1 },
    'another route has its own keys',
  )
})

void t.test('a request that was refused does not use its key up', async (t) => {
  const { post } = await startService(t)
  t.equal((await post('/data-records', dataRecord('a', { recordedBytes: -1 }), key)).status, 400)
  t.match((await post('/data-records', dataRecord('a'), key)).body, { appended: 1 })
})

void t.test('of requests at once under one key one is carried out', async (t) => {
  const { post, eventStore } = await startService(t)
  const records = [dataRecord('a'), dataRecord('b')]
  const answers = await Promise.all(Array.from({ length: 20 }, () => post('/data-records', records, key)))
  for (const { status, body } of answers) {
    t.equal(status, 200)
    t.same(body, { position: 3, appended: 2, duplicates: 0, ignored: 0, rejected: [] })
  }
  t.equal(await eventStore.head(), 4, 'one claim of the key, two records and one answer')
  const bodies = Array.from({ length: 10 }, (_, n) => dataRecord(`c${n}`))
  const mixed = await Promise.all(
    bodies.map((body) => post('/data-records', body, { 'idempotency-key': 'another' })),
  )
  const statuses = mixed.map(({ status }) => status).sort()
  t.same(statuses, [200, ...Array<number>(9).fill(409)], 'the others are told that it was another request')
  t.equal(await eventStore.head(), 7)
})

void t.test('services over one log know each other’s keys', async (t) => {
  const { post, eventStore, readStore } = await startService(t)
  const first = await post('/data-records', dataRecord('a'), key)
  const other = await buildServer({ eventStore, readStore, projections, version: '0.0.0' })
  t.teardown(() => other.close())
  const again = await other.inject({
    method: 'POST',
    url: '/data-records',
    headers: key,
    payload: dataRecord('a'),
  })
  t.same(again.json(), first.body)
})

void t.test(
  'of two services one carries a request out, and the other one nothing of another request',
  async (t) => {
    const { post, eventStore, readStore } = await startService(t)
    const other = await buildServer({ eventStore, readStore, projections, version: '0.0.0' })
    t.teardown(() => other.close())
    for (let n = 0; n < 20; n++) {
      const head = await eventStore.head()
      const headers = { 'idempotency-key': `raced-${n}` }
      const [one, two] = await Promise.all([
        post('/data-records', dataRecord(`one-${n}`), headers),
        other.inject({ method: 'POST', url: '/data-records', headers, payload: dataRecord(`two-${n}`) }),
      ])
      t.same([one.status, two.statusCode].sort(), [200, 409])
      t.equal(await eventStore.head(), head + 3, 'one claim of the key, one record and one answer')
    }
  },
)

void t.test('a key has 1 to 255 visible ASCII characters', async (t) => {
  const { post } = await startService(t)
  for (const bad of ['', 'a b', 'ä', 'x'.repeat(256)]) {
    const { status, body } = await post('/data-records', dataRecord('a'), { 'idempotency-key': bad })
    t.equal(status, 400, bad)
    t.match(body, { code: 'invalid-parameter', errors: [{ path: '/idempotency-key' }] })
  }
  const longest = { 'idempotency-key': '!~"#'.padEnd(255, 'x') }
  t.equal((await post('/data-records', dataRecord('a'), longest)).status, 200)
})

void t.test('other writes take keys as well', async (t) => {
  const { post, eventStore } = await startService(t)
  const first = await post('/clocks/data-records', { to: '2020-02-01T00:00Z' }, key)
  const head = await eventStore.head()
  t.same((await post('/clocks/data-records', { to: '2020-02-01T00:00Z' }, key)).body, first.body)
  t.equal((await post('/clocks/data-records', { to: '2020-03-01T00:00Z' }, key)).status, 409)
  t.equal(await eventStore.head(), head)
})
