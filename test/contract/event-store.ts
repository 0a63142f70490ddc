import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import type { NewEvent, RecordedEvent } from '../../domain/event.js'
import { InvalidEvent, RevisionConflict } from '../../event-store/errors.js'
import type { EventStore, LogPage } from '../../event-store/port.js'

/** One engine's event store, empty, and how to get at it again. */
export interface OpenedEventStore {
  readonly store: EventStore
  /** Another handle on the same log, as another process has it. */
  readonly again: () => Promise<EventStore>
  readonly cleanUp: () => Promise<void>
}

interface Given {
  readonly store: EventStore
  readonly again: () => Promise<EventStore>
}

/** What every event store does, whichever engine keeps the events. */
export function eventStoreContract(engine: string, open: () => Promise<OpenedEventStore>): void {
  const behaviour = (name: string, body: (test: Test, given: Given) => Promise<void>) =>
    void t.test(`${engine}: ${name}`, async (test) => {
      const { store, again, cleanUp } = await open()
      try {
        await body(test, { store, again })
      } finally {
        await cleanUp()
      }
    })

  behaviour('gives revisions from 0 and growing positions', async (t, { store }) => {
    const first = await store.append([event('a'), event('a'), event('b')])
    t.strictSame(
      first.events.map(({ revision }) => revision),
      [0, 1, 0],
    )
    const positions = first.events.map(({ position }) => position)
    t.strictSame(
      positions,
      [...positions].sort((a, b) => a - b),
      'in the order of the append',
    )
    t.equal(first.position, Math.max(...positions))
    const log = await everything(store)
    t.strictSame(
      log.map(({ position }) => position),
      positions,
      'they are the positions at which the events are read',
    )
    t.notOk(first.events.some(({ duplicate }) => duplicate))
    const second = await store.append([event('a')])
    t.equal(second.events[0]?.revision, 2)
    t.ok(second.position > first.position)
    t.equal(await store.head(), second.position)
  })

  behaviour('keeps an event as it was given', async (t, { store }) => {
    const given: NewEvent = {
      id: randomUUID(),
      stream: 'subscriber-48123',
      type: 'DataRecorded',
      data: {
        text: 'ąß "quoted" \\ \n\t\u0000 🌊',
        number: Number.MAX_SAFE_INTEGER,
        nothing: null,
        list: [1, { a: [] }],
      },
      metadata: { correlationId: randomUUID(), causationId: randomUUID(), source: 'file:abc#1' },
    }
    const before = Date.now()
    await store.append([given])
    const [kept] = await store.readStream(given.stream, { limit: 10 })
    t.match(kept, given)
    t.strictSame(kept?.data, given.data)
    t.strictSame(kept?.metadata, given.metadata)
    t.ok((kept?.recordedTime ?? 0) >= before - 1000 && (kept?.recordedTime ?? 0) <= Date.now() + 1000)
  })

  behaviour('refuses an append at another revision, and names both', async (t, { store }) => {
    await store.append([event('a')], [{ stream: 'a', revision: 'none' }])
    await store.append([event('a')], [{ stream: 'a', revision: 0 }])
    for (const revision of ['none', 0, 2] as const) {
      const refused = await store
        .append([event('a')], [{ stream: 'a', revision }])
        .catch((error: unknown) => error)
      if (!(refused instanceof RevisionConflict)) throw new Error('it was not refused')
      t.strictSame(
        [refused.code, refused.stream, refused.expected, refused.actual],
        ['revision-conflict', 'a', revision, 1],
      )
      t.match(refused.message, new RegExp(`revision 1.*${revision}`))
    }
    const missing = await store
      .append([event('x')], [{ stream: 'x', revision: 3 }])
      .catch((error: unknown) => error)
    t.match(missing, { code: 'revision-conflict', actual: 'none', expected: 3 })
    t.equal((await store.readStream('a', { limit: 10 })).length, 2)
    t.equal((await store.readStream('x', { limit: 10 })).length, 0)
  })

  behaviour(
    'writes nothing of a stream whose expectation fails, and nothing after it',
    async (t, { store }) => {
      await store.append([event('a')])
      const both = [event('a'), event('b')]
      await t.rejects(store.append(both, [{ stream: 'a', revision: 'none' }]), { code: 'revision-conflict' })
      t.strictSame(await store.readStream('b', { limit: 10 }), [])
    },
  )

  behaviour('checks a stream that nothing is appended to', async (t, { store, again }) => {
    const other = await again()
    await store.append([event('a')])
    await other.append([event('a')])
    const refused = await store
      .append([event('b')], [{ stream: 'a', revision: 0 }])
      .catch((error: unknown) => error)
    t.match(refused, { code: 'revision-conflict', actual: 1 })
    t.strictSame(await store.readStream('b', { limit: 10 }), [])
    t.equal((await store.append([event('b')], [{ stream: 'a', revision: 1 }])).events.length, 1)
    t.equal((await store.append([], [{ stream: 'nobody', revision: 'none' }])).position, 0)
    await other.close()
  })

  behaviour('appends to many streams at once, each as it is expected', async (t, { store }) => {
    const streams = Array.from({ length: 120 }, (_, i) => `many-${i}`)
    const expectNone = streams.map((stream) => ({ stream, revision: 'none' as const }))
    const given = [...streams, ...streams].map((stream, i) => event(stream, i))
    const { events } = await store.append(given, expectNone)
    t.strictSame(
      events.map(({ revision }) => revision),
      [...streams.map(() => 0), ...streams.map(() => 1)],
    )
    t.equal((await everything(store)).length, 240)
  })

  behaviour('answers an event that it has as the first time', async (t, { store, again }) => {
    const [one, two] = [event('a'), event('a')]
    const first = await store.append([one, two], [{ stream: 'a', revision: 'none' }])
    const repeated = await store.append([one, two], [{ stream: 'a', revision: 'none' }])
    t.strictSame(
      repeated.events,
      first.events.map((placed) => ({ ...placed, duplicate: true })),
    )
    const other = await again()
    t.strictSame((await other.append([two])).events, [{ ...first.events[1], duplicate: true }])
    await other.close()
    const mixed = await store.append([one, event('a')])
    t.strictSame(
      mixed.events.map(({ revision, duplicate }) => [revision, duplicate]),
      [
        [0, true],
        [2, false],
      ],
    )
    t.equal((await everything(store)).length, 3)
  })

  behaviour('takes an id once within one append, and from callers at the same time', async (t, { store }) => {
    const twice = event('a')
    const { events } = await store.append([twice, twice])
    t.strictSame(
      events.map(({ duplicate }) => duplicate),
      [false, true],
    )
    const raced = event('b')
    const answers = await Promise.all(Array.from({ length: 20 }, () => store.append([raced])))
    t.equal(answers.filter(({ events }) => !events[0]?.duplicate).length, 1)
    t.equal((await everything(store)).length, 2)
  })

  behaviour(
    'says that an event is there already when another handle has brought it',
    async (t, { store, again }) => {
      const other = await again()
      await store.append([event('a')])
      await other.append([event('a')])
      const [one, two, three] = [event('a'), event('a'), event('a')]
      const first = await store.append([one, two])
      t.strictSame(
        await other.append([one, two]),
        { ...first, events: first.events.map((placed) => ({ ...placed, duplicate: true })) },
        'though it did not know of it',
      )
      for (let i = 0; i < 20; i++) {
        const raced = [event('a'), event('a')]
        const answers = await Promise.all([store.append(raced), other.append(raced)])
        t.strictSame(
          answers.map(({ events }) => events.some(({ duplicate }) => duplicate)).sort(),
          [false, true],
          'exactly one of two is told that it was the first',
        )
        t.strictSame(
          ...(answers.map(({ events }) => events.map(({ position }) => position)) as [number[], number[]]),
        )
      }
      t.equal((await other.append([three], [{ stream: 'a', revision: 43 }])).events[0]?.revision, 44)
      const all = await everything(store)
      t.equal(new Set(all.map(({ id }) => id)).size, 45)
      t.equal(all.length, 45)
      await other.close()
    },
  )

  behaviour('lets exactly one of many win a revision', async (t, { store }) => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, () => store.append([event('a')], [{ stream: 'a', revision: 'none' }])),
    )
    t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    t.equal((await store.readStream('a', { limit: 10 })).length, 1)
  })

  behaviour('refuses an event without a UUID or without a stream', async (t, { store }) => {
    await t.rejects(store.append([{ ...event('a'), id: 'no uuid' }]), InvalidEvent)
    await t.rejects(store.append([{ ...event('a'), stream: '' }]), InvalidEvent)
    t.equal(await store.head(), 0)
  })

  behaviour('answers an empty append with position 0', async (t, { store }) => {
    t.strictSame(await store.append([]), { position: 0, events: [] })
  })

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

  behaviour('shows another handle what was acknowledged, at once', async (t, { store, again }) => {
    const other = await again()
    for (let i = 0; i < 20; i++) {
      const [writer, reader] = i % 2 === 0 ? [store, other] : [other, store]
      const { events } = await writer.append(
        [event('a', i)],
        [{ stream: 'a', revision: i === 0 ? 'none' : i - 1 }],
      )
      const [last] = await reader.readStream('a', { direction: 'backward', limit: 1 })
      t.equal(last?.revision, events[0]?.revision)
    }
    await other.close()
  })

  behaviour('takes appends of two handles at once, each stream gapless', async (t, { store, again }) => {
    const other = await again()
    const appends = Array.from({ length: 200 }, (_, i) =>
      (i % 2 === 0 ? store : other).append([event('a', i), event(`b-${i % 4}`, i)]),
    )
    await Promise.all(appends)
    const log = await everything(store)
    t.equal(log.length, 400)
    assertGapless(t, log)
    await other.close()
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

/** An event to append, told apart by its id. */
export function event(stream: string, number = 0): NewEvent {
  return { id: randomUUID(), stream, type: 'Tested', data: { number }, metadata: {} }
}

/** The whole log. */
export function everything(store: EventStore, limit = 100): Promise<RecordedEvent[]> {
  return collect(store, { after: 0, limit })
}

async function collect(
  store: EventStore,
  page: Parameters<EventStore['readAll']>[0],
): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = []
  const head = await store.head()
  for (let after = page.after; after < head;) {
    const next = await store.readAll({ ...page, after })
    events.push(...next.events)
    after = next.position
  }
  return events
}

/** Each stream has the revisions 0, 1, 2, …, in the order of positions. */
export function assertGapless(t: Test, log: readonly RecordedEvent[]): void {
  const next = new Map<string, number>()
  for (const { stream, revision } of log) {
    if (revision !== (next.get(stream) ?? 0))
      t.fail(`${stream} has revision ${revision} after ${next.get(stream) ?? 0}`)
    next.set(stream, revision + 1)
  }
  t.pass('revisions are gapless')
}
