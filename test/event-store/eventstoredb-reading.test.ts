import t from 'tap'
import type { RecordedEvent } from '../../domain/event.js'
import { event, everything } from '../contract/event-store/events.js'
import { followUntil, withEventStoreDb } from './eventstoredb-server.js'

t.setTimeout(120_000)

await withEventStoreDb(({ opened }) => {
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
})
