import type { RecordedEvent } from '../../../domain/event.js'
import type { LogPage } from '../../../event-store/port.js'
import { event, everything } from './events.js'
import type { DeclareTest } from './under-test.js'

export function follows(behaviour: DeclareTest): void {
  behaviour(
    'follows: what is there, then what comes, without gap or repetition',
    async (t, { store, again }) => {
      const given = Array.from({ length: 300 }, (_, i) => event(`s-${i % 3}`, i))
      await store.append(given.slice(0, 100))
      const other = await again()
      const stop = new AbortController()
      const seen: string[] = []
      const following = (async () => {
        for await (const page of store.follow({ after: 0, limit: 32 }, stop.signal)) {
          seen.push(...page.events.map(({ id }) => id))
          if (seen.length >= 300) stop.abort()
        }
      })()
      for (let i = 100; i < 300; i += 10) await (i % 20 === 0 ? store : other).append(given.slice(i, i + 10))
      await following
      await other.close()
      // Where two handles write to one stream, one may have to try again, and the order of its append is lost.
      t.strictSame(
        seen,
        (await everything(store)).map(({ id }) => id),
      )
      t.same(new Set(seen), new Set(given.map(({ id }) => id)))
    },
  )

  behaviour('follows from any position, in pages that are not too large', async (t, { store }) => {
    await store.append(Array.from({ length: 100 }, (_, i) => event(`s-${i % 3}`, i)))
    const log = await everything(store)
    for (const from of [1, 50, 99]) {
      const stop = new AbortController()
      const seen: RecordedEvent[] = []
      for await (const page of store.follow({ after: log[from - 1]!.position, limit: 7 }, stop.signal)) {
        t.equal(page.position, page.events.at(-1)?.position)
        seen.push(...page.events)
        if (seen.length === 100 - from) stop.abort()
      }
      t.strictSame(seen, log.slice(from))
    }
  })

  behaviour('follows a category, and says how far it has looked', async (t, { store }) => {
    for (let i = 0; i < 10; i++) await store.append([event('agreement-1', i), event('subscriber-2', i)])
    const head = await store.head()
    const stop = new AbortController()
    const seen: RecordedEvent[] = []
    let position = 0
    const page = { after: 0, limit: 100, categories: ['agreement'] }
    for await (const { events, position: reached } of store.follow(page, stop.signal)) {
      seen.push(...events)
      t.ok(reached >= position)
      position = reached
      if (position >= head) stop.abort()
    }
    t.equal(seen.length, 10)
    t.ok(seen.every(({ stream }) => stream === 'agreement-1'))
  })

  behaviour('ends a follow when told so, also while it waits', async (t, { store }) => {
    const stop = new AbortController()
    const pages: LogPage[] = []
    const following = (async () => {
      for await (const page of store.follow({ after: 0, limit: 10 }, stop.signal)) pages.push(page)
    })()
    setImmediate(() => stop.abort())
    await following
    t.strictSame(pages, [])
  })
}
