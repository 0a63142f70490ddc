import { jsonEvent } from '@eventstore/db-client'
import { randomUUID } from 'node:crypto'
import t from 'tap'
import { LogUnusable } from '../../event-store/errors.js'
import { openEventStoreDb } from '../../event-store/eventstoredb/eventstoredb.js'
import { event, everything } from '../contract/event-store/events.js'
import { ownName } from '../servers.js'
import { followUntil, withEventStoreDb } from './eventstoredb-server.js'

t.setTimeout(120_000)

await withEventStoreDb(({ url, opened, rawClient }) => {
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
})
