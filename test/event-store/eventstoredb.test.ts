import { randomUUID } from 'node:crypto'
import t from 'tap'
import type { NewEvent } from '../../domain/event.js'
import { LogUnusable } from '../../event-store/errors.js'
import { openEventStoreDb } from '../../event-store/eventstoredb/eventstoredb.js'
import type { EventStore } from '../../event-store/port.js'
import { assertGapless, event, everything } from '../contract/event-store/events.js'
import { eventStoreContract } from '../contract/event-store/index.js'
import { ownName } from '../servers.js'
import { withEventStoreDb } from './eventstoredb-server.js'

t.setTimeout(120_000)

await withEventStoreDb(({ url, opened, rawClient }) => {
  eventStoreContract('EventStoreDB', async () => {
    const namespace = ownName()
    const store = await openEventStoreDb({ url, namespace })
    return { store, again: () => openEventStoreDb({ url, namespace }), cleanUp: () => store.close() }
  })

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

  void t.test('says so when a stream was deleted for good', async (t) => {
    const { store, namespace } = await opened(t)
    await store.append([event('deleted')])
    await rawClient(t).tombstoneStream(`${namespace}.deleted`)
    await t.rejects(store.append([event('deleted')]), { code: 'log-unusable', message: /deleted for good/ })
    await t.rejects(store.readStream('deleted', { limit: 1 }), LogUnusable)
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
})
