import t from 'tap'
import { sessionStream } from '../../domain/session.js'
import {
  addressEvent,
  birthEvent,
  createdEvent,
  lookedUp,
  lookupFailed,
  walletEvent,
} from '../projections/money.js'
import { startService, type Service } from './service.js'

const at = (day: number, hour = 12) =>
  `2020-01-${String(day).padStart(2, '0')}T${String(hour).padStart(2, '0')}:00:00Z`

async function send({ post }: Service, kind: string, ...records: object[]): Promise<number> {
  const { status, body } = await post(`/${kind}`, records)
  if (status !== 200) throw new Error(JSON.stringify(body))
  return body.position as number
}

void t.test('money is enriched field by field, and the client reads its own writes', async (t) => {
  const service = await startService(t)
  await send(service, 'user-events', addressEvent('PL', at(1)), birthEvent(1984, at(1)))
  await send(service, 'session-events', createdEvent('s', 'SE', at(2)))
  const position = await send(
    service,
    'wallet-events',
    walletEvent({ id: 'm/1', session: 's', at: at(2), amount: '0.10' }),
  )
  const { status, body } = await service.get(`/money-events/u/m%2F1?minPosition=${position}`)
  t.equal(status, 200)
  t.same(body, {
    money: {
      id: 'm/1',
      userId: 'u',
      userSessionId: 's',
      processedAt: at(2),
      amount: '0.10',
      currency: 'EUR',
      closingBalance: '9.00',
      moneyType: 'REAL',
      isOldMoneyEvent: false,
    },
    userInfo: { birthYear: 1984, residentCountryCode: 'PL' },
    sessionInfo: { clientCountryCode: 'SE' },
    firstOccurrence: true,
    enrichment: { session: 'known', revision: 1 },
  })
})

void t.test('what is absent is left out', async (t) => {
  const service = await startService(t)
  const { userSessionId, ...money } = { userSessionId: null, ...walletEvent({ id: 'm' }) }
  const position = await send(service, 'wallet-events', { ...money, userSessionId })
  const { body, text } = await service.get(`/money-events/u/m?minPosition=${position}`)
  t.same(Object.keys(body), ['money', 'firstOccurrence', 'enrichment'])
  t.notMatch(text, /userSessionId|null/)
})

void t.test('a document has an entity tag, that changes when the document does', async (t) => {
  const service = await startService(t)
  const position = await send(service, 'wallet-events', walletEvent({ id: 'm', at: at(2) }))
  const { headers } = await service.get(`/money-events/u/m?minPosition=${position}`)
  const tag = headers.get('etag')!
  t.equal((await service.get('/money-events/u/m', { 'if-none-match': tag })).status, 304)
  const changed = await send(service, 'user-events', addressEvent('PL', at(1)))
  const again = await service.get(`/money-events/u/m?minPosition=${changed}`, { 'if-none-match': tag })
  t.equal(again.status, 200)
  t.match(again.body, { userInfo: { residentCountryCode: 'PL' }, enrichment: { revision: 2 } })
})

void t.test('the money of a user, newest first, page by page, ties by id', async (t) => {
  const service = await startService(t)
  const days = [3, 1, 2, 3, 5, 3]
  const records = Array.from({ length: 60 }, (_, n) =>
    walletEvent({ id: `m${String(n).padStart(2, '0')}`, at: at(days[n % 6]!, n % 5) }),
  )
  await send(
    service,
    'wallet-events',
    walletEvent({ id: 'other', user: 'u2' }),
    walletEvent({ id: 'x', user: 'u!' }),
  )
  const position = await send(service, 'wallet-events', ...records)
  const expected = [...records]
    .sort((a, b) =>
      a.processedAt === b.processedAt ? (a.id < b.id ? 1 : -1) : a.processedAt < b.processedAt ? 1 : -1,
    )
    .map(({ id }) => id)
  await service.get(`/users/u/money-events?minPosition=${position}`)
  for (const limit of [1, 7, 60, 1000]) {
    const listed = (await service.all('/users/u/money-events', limit)) as { money: { id: string } }[]
    t.same(
      listed.map(({ money }) => money.id),
      expected,
      `${limit} a page`,
    )
  }
  t.match((await service.get('/users/nobody/money-events')).body, { status: 404, code: 'not-found' })
  const { body } = await service.get('/users/u/money-events?limit=1')
  const cursor = encodeURIComponent(body.next as string)
  t.equal((await service.get(`/users/u2/money-events?cursor=${cursor}`)).body.code, 'invalid-cursor')
})

void t.test('a busy user has a list as well', async (t) => {
  const service = await startService(t)
  const start = Date.parse('2020-01-01T00:00:00Z')
  const records = Array.from({ length: 2_000 }, (_, n) =>
    walletEvent({ id: `m${n}`, at: new Date(start + ((n * 7919) % 2_000) * 60_000).toISOString() }),
  )
  const position = await send(service, 'wallet-events', ...records)
  await service.get(`/users/u/money-events?minPosition=${position}`)
  const listed = (await service.all('/users/u/money-events', 300)) as { money: { processedAt: string } }[]
  t.equal(listed.length, 2_000)
  const times = listed.map(({ money }) => money.processedAt)
  t.same(times, [...times].sort().reverse())
})

void t.test('what carries nothing is ignored, and what is wrong is refused', async (t) => {
  const service = await startService(t, { run: false })
  const { post, eventStore } = service
  const conflicting = walletEvent({ id: 'm', amount: '2.00' })
  const { body } = await post('/wallet-events', [
    { type: 'WalletOpened', amount: 'anything' },
    walletEvent({ id: 'm' }),
    { type: 'WalletOpened' },
    walletEvent({ id: 'm' }),
    conflicting,
  ])
  t.match(body, {
    appended: 1,
    duplicates: 1,
    ignored: 2,
    rejected: [{ index: 4, code: 'conflicting-duplicate' }],
  })
  const head = await eventStore.head()
  for (const kind of ['wallet-events', 'user-events', 'session-events']) {
    t.match((await post(`/${kind}`, { type: 'Whatever' })).body, {
      position: 0,
      appended: 0,
      ignored: 1,
      rejected: [],
    })
    for (const record of [{}, { type: 5 }, [], 'x', null, [[]]]) {
      const { status } = await post(`/${kind}`, record)
      t.equal(
        status,
        Array.isArray(record) && record.length === 0 ? 200 : 400,
        `${kind} ${JSON.stringify(record)}`,
      )
    }
  }
  t.equal(await eventStore.head(), head)
  t.equal((await post('/wallet-events', conflicting)).status, 409)
})

void t.test('amounts are exact, as text and as JSON numbers', async (t) => {
  const service = await startService(t)
  const json = (amount: string) =>
    JSON.stringify([walletEvent({ id: amount, amount: '@' })]).replace('"@"', amount)
  let position = 0
  for (const [amount, expected] of [
    ['"12.50"', '12.50'],
    ['12.50', '12.5'],
    ['1e2', '100'],
    ['0.1', '0.1'],
    ['12345678901234567890.123456789', '12345678901234567890.123456789'],
    ['9999999999999.9999', '9999999999999.9999'],
    ['-0', '0'],
  ] as const) {
    const { body } = await service.post('/wallet-events', json(amount))
    position = body.position as number
    const { body: found } = await service.get(
      `/money-events/u/${encodeURIComponent(amount)}?minPosition=${position}`,
    )
    t.match(found, { money: { amount: expected } }, amount)
  }
  for (const amount of ['1e400', '"1e2"', '"+1"', '"01"', '".5"', '"5."', '""', 'null', '1e-30', 'true']) {
    const { status, body } = await service.post('/wallet-events', json(amount))
    t.equal(status, 400, amount)
    t.match(body.errors, [{ path: '/0/amount', code: 'invalid-amount' }], amount)
  }
})

void t.test('unresolved sessions are listed, and retried', async (t) => {
  const service = await startService(t)
  const { eventStore, get, post, all } = service
  await send(
    service,
    'wallet-events',
    ...['a', 'b', 'c'].map((session) => walletEvent({ id: session, session, old: true })),
  )
  await eventStore.append([lookupFailed('b'), lookupFailed('a', 'unknown-session'), lookedUp('c', 'PL')])
  const position = await eventStore.head()
  t.equal((await get('/money-events/u/a?minPosition=' + position)).body.enrichment && 200, 200)
  const listed = await all('/sessions/unresolved', 1)
  t.match(listed, [
    { sessionId: 'b', reason: 'service-failed', lookups: 1, detail: 'as the test wants' },
    { sessionId: 'a', reason: 'unknown-session' },
  ])
  const retried = await post('/sessions/a/retry', undefined, { 'idempotency-key': 'k' })
  t.match(retried.body, { sessionId: 'a', position: Number })
  t.same((await post('/sessions/a/retry', undefined, { 'idempotency-key': 'k' })).body, retried.body, 'once')
  const pending = await get(`/money-events/u/a?minPosition=${String(retried.body.position)}`)
  t.match(pending.body, { enrichment: { session: 'pending', revision: 1 } })
  t.match((await get('/sessions/unresolved')).body.items, [{ sessionId: 'b' }])
  t.match(await post('/sessions/a/retry'), { status: 409, body: { code: 'not-unresolved' } })
  t.match(await post('/sessions/c/retry'), { status: 409, body: { code: 'not-unresolved' } })
  t.match(await post('/sessions/nothing/retry'), { status: 404, body: { code: 'not-found' } })
  t.equal((await eventStore.readStream(sessionStream('a'), { limit: 10 })).length, 2)
})

void t.test('what is unknown is not found', async (t) => {
  const service = await startService(t)
  const position = await send(service, 'wallet-events', walletEvent({ id: 'm' }))
  await service.get(`/money-events/u/m?minPosition=${position}`)
  for (const path of ['/money-events/u/x', '/money-events/v/m', '/money-events/u', '/money-events/u%2Fm/x']) {
    t.match(await service.get(path), { status: 404, body: { code: 'not-found' } }, path)
  }
})
