import type { NewEvent } from '../../../domain/event.js'
import type { EventStore } from '../../../event-store/port.js'
import { assertGapless, collect, event, everything } from './events.js'
import type { DeclareTest } from './under-test.js'

export function reads(behaviour: DeclareTest): void {
  behaviour('reads a stream in pages, forward and backward', async (t, { store }) => {
    for (let i = 0; i < 25; i++) await store.append([event('a', i), event('b', i)])
    const read = async (options: Parameters<EventStore['readStream']>[1]) =>
      (await store.readStream('a', options)).map(({ revision }) => revision)
    t.strictSame(await read({ limit: 3 }), [0, 1, 2])
    t.strictSame(await read({ from: 23, limit: 10 }), [23, 24])
    t.strictSame(await read({ from: 25, limit: 10 }), [])
    t.strictSame(await read({ direction: 'backward', limit: 3 }), [24, 23, 22])
    t.strictSame(await read({ direction: 'backward', from: 1, limit: 10 }), [1, 0])
    t.strictSame(await read({ direction: 'backward', from: 99, limit: 1 }), [24])
    t.strictSame(await store.readStream('nobody', { limit: 10 }), [])
  })

  behaviour('reads the whole log in order, page by page, from any position', async (t, { store }) => {
    const given: NewEvent[] = []
    const positions: number[] = []
    for (let i = 0; i < 40; i++) {
      const page = Array.from({ length: 1 + (i % 7) * 9 }, (_, n) => event(`s${n % 5}`, n))
      const answer = await store.append(page)
      given.push(...page)
      positions.push(...answer.events.map(({ position }) => position))
    }
    const log = await everything(store, 16)
    t.strictSame(
      log.map(({ id }) => id),
      given.map(({ id }) => id),
    )
    t.strictSame(
      log.map(({ position }) => position),
      positions,
    )
    assertGapless(t, log)
    for (const from of [0, 1, 7, 100, log.length - 1]) {
      const after = from === 0 ? 0 : (log[from - 1]?.position ?? 0)
      const { events } = await store.readAll({ after, limit: 5 })
      t.equal(events[0]?.id, log[from]?.id, `after position ${after}`)
    }
    const end = await store.readAll({ after: await store.head(), limit: 5 })
    t.strictSame(end.events, [])
    t.ok(end.position >= (await store.head()), 'it reaches to the end')
  })

  behaviour('reads by category, and says how far it has looked', async (t, { store }) => {
    for (let i = 0; i < 30; i++)
      await store.append([event('agreement-1', i), event('subscriber-2', i), event('solo', i)])
    const only = await collect(store, { after: 0, limit: 7, categories: ['agreement', 'solo'] })
    t.equal(only.length, 60)
    t.ok(only.every(({ stream }) => stream !== 'subscriber-2'))
    const none = await store.readAll({ after: 0, limit: 7, categories: ['nobody'] })
    t.strictSame(none.events, [])
    t.ok(none.position >= (await store.head()))
  })

  behaviour('lists streams by their last event, newest first', async (t, { store }) => {
    for (const stream of ['a', 'b', 'c', 'a']) await store.append([event(stream)])
    const streams = await store.streams({ limit: 10 })
    t.strictSame(
      streams.map(({ stream, revision }) => [stream, revision]),
      [
        ['a', 1],
        ['c', 0],
        ['b', 0],
      ],
    )
    const [first] = streams
    const rest = await store.streams({ limit: 1, before: first?.position ?? 0 })
    t.strictSame(
      rest.map(({ stream }) => stream),
      ['c'],
    )
  })
}
