import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { randomUUID } from 'node:crypto'
import { createServer as createHttp2Server } from 'node:http2'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { EventStoreError, LogAccessDenied, LogUnreachable, LogUnusable } from '../../event-store/errors.js'
import { openEventStoreDb, type EventStoreTrouble } from '../../event-store/eventstoredb.js'
import type { NewEvent, RecordedEvent } from '../../domain/event.js'
import type { EventStore } from '../../event-store/port.js'
import { assertGapless, event, eventStoreContract, everything } from '../contract/event-store.js'
import { eventStoreDbUrl, ownName } from '../servers.js'

t.setTimeout(120_000)
const url = await eventStoreDbUrl()

if (url !== undefined) {
  eventStoreContract('EventStoreDB', async () => {
    const namespace = ownName()
    const store = await openEventStoreDb({ url, namespace })
    return { store, again: () => openEventStoreDb({ url, namespace }), cleanUp: () => store.close() }
  })
  adapterTests(url)
}

function adapterTests(url: string): void {
  const opened = async (t: Test, namespace = ownName()) => {
    const store = await openEventStoreDb({ url, namespace })
    t.teardown(() => store.close())
    return { store, namespace }
  }
  const rawClient = (t: Test) => {
    const client = EventStoreDBClient.connectionString(url)
    t.teardown(() => client.dispose())
    return client
  }

  void t.test('writes events that people and projections of the server understand', async (t) => {
    const { store, namespace } = await opened(t)
    const given = {
      ...event('subscriber-48123', 7),
      metadata: { correlationId: randomUUID(), causationId: randomUUID(), source: 'file:abc#1' },
    }
    const { position } = await store.append([given])
    const kept = []
    for await (const { event } of rawClient(t).readStream(`${namespace}.subscriber-48123`)) kept.push(event)
    t.equal(kept.length, 1)
    t.match(kept[0], { id: given.id, type: given.type, data: given.data, isJson: true, revision: 0n })
    t.equal(kept[0]?.position?.commit, BigInt(position))
    const { correlationId, causationId, source } = given.metadata
    t.match(kept[0]?.metadata, {
      $correlationId: correlationId,
      $causationId: causationId,
      source,
      tidemark: { version: 1, namespace },
    })
  })

  void t.test('takes ids in upper case for what they are', async (t) => {
    const { store } = await opened(t)
    const given = event('a')
    const first = await store.append([{ ...given, id: given.id.toUpperCase() }])
    t.equal((await store.append([given])).events[0]?.duplicate, true)
    t.strictSame(
      (await everything(store)).map(({ id }) => id),
      [given.id],
    )
    t.equal(first.events[0]?.duplicate, false)
  })

  void t.test('does not write into the stream of another application', async (t) => {
    const { store, namespace } = await opened(t)
    const client = rawClient(t)
    const theirs = () => jsonEvent({ type: 'TheirEvent', data: { number: 1 } })
    await client.appendToStream(`${namespace}.agreement-1`, theirs())
    const refused = await store
      .append([event('fine-1'), event('agreement-1')])
      .catch((error: unknown) => error)
    t.type(refused, LogUnusable)
    t.match((refused as Error).message, /agreement-1.*another application.*TIDEMARK_NAMESPACE/)
    t.strictSame(await everything(store), [], 'nothing of the call was written')
    t.strictSame(await store.readStream('agreement-1', { limit: 10 }), [], 'theirs is no event of ours')

    await store.append([event('ours'), event('ours')])
    await client.appendToStream(`${namespace}.ours`, theirs())
    await t.rejects(store.append([event('ours')]), LogUnusable, 'not even after events of ours')
    t.strictSame((await store.readStream('ours', { limit: 1, direction: 'backward' }))[0]?.revision, 1)
    t.equal((await everything(store)).length, 2)
    await t.rejects(openEventStoreDb({ url, namespace }), LogUnusable, 'opening it is refused as well')
  })

  void t.test('does not open the namespace of another application', async (t) => {
    const [namespace, claimed] = [ownName(), ownName()]
    const client = rawClient(t)
    await client.appendToStream(`${claimed}.tidemark-log`, jsonEvent({ type: 'TheirEvent', data: {} }))
    await t.rejects(openEventStoreDb({ url, namespace: claimed }), LogUnusable)
    const { store } = await opened(t, namespace)
    t.equal(await store.head(), 0)
    await t.rejects(store.append([event('tidemark-log')]), { code: 'invalid-event' })
    await t.rejects(store.append([event('$system')]), { code: 'invalid-event' })
  })

  void t.test('keeps namespaces apart, and passes over what is not ours', async (t) => {
    const { store } = await opened(t)
    const { store: other } = await opened(t)
    const client = rawClient(t)
    for (let i = 0; i < 30; i++) {
      await store.append([event('agreement-1', i)])
      await other.append([event('agreement-1', i), event('agreement-2', i)])
      await client.appendToStream(`agreement-${randomUUID()}`, jsonEvent({ type: 'TheirEvent', data: {} }))
    }
    const log = await everything(store, 10)
    t.equal(log.length, 30)
    t.strictSame(await store.head(), log.at(-1)?.position)
    t.strictSame(
      (await store.streams({ limit: 10 })).map(({ stream }) => stream),
      ['agreement-1'],
    )
    const seen = await followUntil(store, await store.head())
    t.strictSame(seen, log)
  })

  void t.test('works without a namespace beside other applications', async (t) => {
    const store = await openEventStoreDb({ url })
    t.teardown(() => store.close())
    const before = await store.head()
    const category = ownName()
    await rawClient(t).appendToStream(`${category}-1`, jsonEvent({ type: 'TheirEvent', data: {} }))
    await t.rejects(store.append([event(`${category}-1`)]), LogUnusable)
    const { position } = await store.append([event(`${category}-2`)])
    t.equal(await store.head(), position)
    const seen: string[] = []
    // What others have written makes pages without an event of ours.
    for (let after = before; after < position;) {
      const page = await store.readAll({ after, limit: 1_000, categories: [category] })
      seen.push(...page.events.map(({ stream }) => stream))
      after = page.position
    }
    t.strictSame(seen, [`${category}-2`])
  })

  void t.test('splits what is too large for one append, unless an expectation forbids it', async (t) => {
    const { store } = await opened(t)
    const large = (bytes: number) => ({ ...event('large'), data: { text: 'x'.repeat(bytes) } })
    const given = Array.from({ length: 30 }, () => large(100_000))
    const { events } = await store.append(given)
    t.strictSame(
      events.map(({ revision }) => revision),
      given.map((_, i) => i),
    )
    t.ok(events.every(({ duplicate }) => !duplicate))
    t.strictSame(
      (await everything(store)).map(({ id }) => id),
      given.map(({ id }) => id),
    )
    const twelve = Array.from({ length: 12 }, () => large(100_000))
    await t.rejects(store.append(twelve, [{ stream: 'large', revision: 29 }]), { code: 'invalid-event' })
    t.equal((await store.append(twelve.slice(0, 9), [{ stream: 'large', revision: 29 }])).events.length, 9)
    await t.rejects(store.append([event('small'), large(1_100_000)]), { code: 'invalid-event' })
    t.strictSame(await store.readStream('small', { limit: 1 }), [], 'nothing of the call was written')
  })

  void t.test(
    'two writers race on one stream: every id is there once, and one of them is told so',
    async (t) => {
      const { store, namespace } = await opened(t)
      const { store: other } = await opened(t, namespace)
      const given = Array.from({ length: 150 }, (_, i) => event('raced', i))
      const firsts = new Map<string, number>()
      const write = async (writer: EventStore, seed: number) => {
        for (let i = 0; i < given.length; i += 3) {
          const page = given.slice(i, i + 3 + ((i * seed) % 4))
          const { events } = await writer.append(page)
          for (const [n, { duplicate }] of events.entries())
            if (!duplicate) firsts.set(page[n]!.id, (firsts.get(page[n]!.id) ?? 0) + 1)
        }
      }
      await Promise.all([write(store, 1), write(other, 3), write(store, 7)])
      const log = await everything(store)
      t.equal(log.length, 150)
      t.equal(new Set(log.map(({ id }) => id)).size, 150)
      assertGapless(t, log)
      t.same(
        [...firsts.values()],
        Array.from({ length: 150 }, () => 1),
      )
    },
  )

  void t.test('is as exact when it can hold few ids in memory', async (t) => {
    const namespace = ownName()
    const store = await openEventStoreDb({ url, namespace, idsInMemory: 40 })
    t.teardown(() => store.close())
    const given: NewEvent[] = []
    for (let turn = 0; turn < 40; turn++) {
      const fresh = Array.from({ length: 8 }, (_, i) => event(`s-${(turn * 3 + i) % 13}`, turn))
      const again = given.filter((_, i) => (i + turn) % 17 === 0)
      const { events } = await store.append([...again, ...fresh])
      t.strictSame(
        events.map(({ duplicate }) => duplicate),
        [...again.map(() => true), ...fresh.map(() => false)],
      )
      given.push(...fresh)
    }
    const log = await everything(store)
    t.same(new Set(log.map(({ id }) => id)), new Set(given.map(({ id }) => id)))
    t.equal(log.length, given.length)
    assertGapless(t, log)
  })

  void t.test('a follow goes on where it stopped, page by page', async (t) => {
    const { store } = await opened(t)
    await store.append(Array.from({ length: 500 }, (_, i) => event(`s-${i % 7}`, i)))
    const log = await everything(store)
    const seen: string[] = []
    let after = 0
    while (seen.length < 500) {
      const stop = new AbortController()
      let pages = 0
      for await (const page of store.follow({ after, limit: 40 }, stop.signal)) {
        t.ok(page.events.length <= 40)
        seen.push(...page.events.map(({ id }) => id))
        after = page.position
        if (++pages === 3 || seen.length === 500) stop.abort()
      }
    }
    t.strictSame(
      seen,
      log.map(({ id }) => id),
    )
  })

  void t.test('a follow of one category moves on while events of others come', async (t) => {
    const { store } = await opened(t)
    const { position: first } = await store.append([event('agreement-1')])
    const stop = new AbortController()
    const seen: RecordedEvent[] = []
    let reached = 0
    let others: Promise<unknown> | undefined
    const page = { after: 0, limit: 100, categories: ['agreement'] }
    for await (const { events, position } of store.follow(page, stop.signal)) {
      seen.push(...events)
      reached = position
      // So many that the server says how far it has looked.
      others ??= store.append(Array.from({ length: 2_500 }, (_, i) => event(`subscriber-${i % 5}`, i)))
      if (position > first) stop.abort()
    }
    await others
    t.equal(seen.length, 1)
    t.ok(reached <= (await store.head()))
    const rest = await followUntil(store, await store.head(), reached)
    t.strictSame(
      rest,
      (await everything(store)).filter(({ position }) => position > reached),
    )
  })

  void t.test('says so when a stream was deleted for good', async (t) => {
    const { store, namespace } = await opened(t)
    await store.append([event('deleted')])
    await rawClient(t).tombstoneStream(`${namespace}.deleted`)
    await t.rejects(store.append([event('deleted')]), { code: 'log-unusable', message: /deleted for good/ })
    await t.rejects(store.readStream('deleted', { limit: 1 }), LogUnusable)
  })

  void t.test('finds its place at a position where no record is', async (t) => {
    const { store } = await opened(t)
    await store.append(Array.from({ length: 20 }, (_, i) => event('a', i)))
    const log = await everything(store)
    const after = log[9]!.position + 1
    t.strictSame((await store.readAll({ after, limit: 100 })).events, log.slice(10))
    const seen = await followUntil(store, log[19]!.position, after)
    t.strictSame(seen, log.slice(10))
    t.strictSame(await store.streams({ before: after, limit: 5 }), [])
  })

  void t.test('says clearly what is wrong with a connection', async (t) => {
    const impatient = { answer: 1_000, opening: 400 }
    const refused = async (url: string) => {
      const told: EventStoreTrouble[] = []
      const options = {
        url,
        namespace: ownName(),
        patience: impatient,
        report: (one: EventStoreTrouble) => void told.push(one),
      }
      const error = await openEventStoreDb(options).then(
        (store) => store.close(),
        (error: unknown) => error,
      )
      if (!(error instanceof EventStoreError)) throw new Error(`${url} was opened`, { cause: error })
      t.notMatch(error.message, /secret|\n/, 'neither a password nor several lines')
      t.notMatch(told.map(({ error }) => error.message).join(), /secret/)
      return { error, told }
    }
    for (const [wrong, said] of [
      ['http://localhost:2113', /it takes esdb:/],
      ['esdb://admin:se@secret@localhost', /it takes esdb:.*%XX/],
      ['esdb://admin:secret%@localhost', /% that is not followed/],
      ['esdb://admin:secret@localhost?tlsVerifyCert=false', /tlsCAFile/],
      ['esdb://admin:secret@localhost?throwOnAppendFailure=false', /throwOnAppendFailure/],
      ['esdb://admin:secret@localhost?insecure=true', /no option "insecure".*tls/],
      ['esdb://admin:secret@localhost?tls', /tls has no value/],
      ['esdb://admin:secret@localhost?defaultDeadline=soon', /Integer/],
      ['esdb://admin:secret@localhost?tlsCAFile=/no/such/file', /certificate file/],
    ] as const) {
      const { error } = await refused(wrong)
      t.type(error, LogUnusable, wrong)
      t.match(error.message, said)
    }
    const down = await refused('esdb://admin:secret@127.0.0.1:1?tls=false')
    t.type(down.error, LogUnreachable)
    t.match(
      down.error.message,
      /127\.0\.0\.1:1 cannot be used: connect ECONNREFUSED.*Check that the server runs/,
    )
    t.equal(down.told[0]?.during, 'opening', 'it says meanwhile that it is trying')
    const unknown = await refused('esdb://no-such-host.invalid?tls=false')
    t.match(unknown.error.message, /no-such-host\.invalid.*Check the host name/)
    const secure = await refused(url.replace('tls=false', 'tls=true').replace('//', '//admin:secret@'))
    if (url.includes('tls=false')) t.match(secure.error.message, /no TLS: add tls=false/)

    const silent = createServer(() => {})
    t.match((await refused(await listening(t, silent))).error.message, /no answer in 1000 ms/)
    const closing = createServer((socket) => socket.destroy())
    t.match((await refused(await listening(t, closing))).error.message, /not EventStoreDB without TLS/)
    const strict = createHttp2Server()
    strict.on('stream', (stream) => {
      const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '16' }
      stream.respond({ ...headers, 'grpc-message': 'Unauthenticated' }, { endStream: true })
    })
    const { error } = await refused(await listening(t, strict))
    t.type(error, LogAccessDenied)
    t.match(error.message, /user and password/)
    await t.rejects(openEventStoreDb({ url, namespace: 'no-dash' }), LogUnusable)
  })

  void t.test('does nothing any more when it is closed', async (t) => {
    const store = await openEventStoreDb({ url, namespace: ownName() })
    const following = (async () => {
      for await (const page of store.follow({ after: 0, limit: 10 }, new AbortController().signal))
        t.fail(`${page.position}`)
    })()
    await store.close()
    await store.close()
    await following
    await t.rejects(store.append([event('a')]), LogUnusable)
    await t.rejects(store.readAll({ after: 0, limit: 1 }), LogUnusable)
  })
}

/** What a follow yields up to a position. */
async function followUntil(store: EventStore, position: number, after = 0) {
  const stop = new AbortController()
  const seen = []
  for await (const page of store.follow({ after, limit: 50 }, stop.signal)) {
    seen.push(...page.events)
    if (page.position >= position) stop.abort()
  }
  return seen
}

/** Where a server of the test listens. */
async function listening(t: Test, server: Server | ReturnType<typeof createHttp2Server>): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return `esdb://admin:secret@127.0.0.1:${(server.address() as AddressInfo).port}?tls=false`
}
