import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { NewEvent } from '../../domain/event.js'
import { openEmbeddedEventStore, type EmbeddedOptions } from '../../event-store/embedded/embedded.js'
import { LogUnusable } from '../../event-store/errors.js'
import type { EventStore } from '../../event-store/port.js'
import { openDatabase } from '../../sqlite/driver.js'
import { assertGapless, event, everything } from '../contract/event-store/events.js'
import { eventStoreContract } from '../contract/event-store/index.js'

const newFolder = () => mkdtemp(join(tmpdir(), 'tidemark-events-'))

eventStoreContract('embedded', async () => {
  const folder = await newFolder()
  const store = openEmbeddedEventStore(folder)
  return {
    store,
    again: async () => openEmbeddedEventStore(folder),
    cleanUp: async () => {
      await store.close()
      await rm(folder, { recursive: true })
    },
  }
})

void t.test('writes a whole append or nothing of it', async (t) => {
  const { store } = await opened(t)
  await store.append([event('a')])
  await t.rejects(store.append([event('b'), event('a')], [{ stream: 'a', revision: 'none' }]))
  t.equal(await store.head(), 1)
})

void t.test('keeps everything over a reopening, also what its index has not taken in', async (t) => {
  const { folder, store } = await opened(t)
  const given = Array.from({ length: 3_000 }, (_, i) => event(`s-${i % 7}`, i))
  await store.append(given)
  await store.close()
  const reopened = openEmbeddedEventStore(folder)
  t.strictSame(
    (await everything(reopened)).map(({ id }) => id),
    given.map(({ id }) => id),
  )
  const { events } = await reopened.append(given)
  t.ok(events.every(({ duplicate }) => duplicate))
  await reopened.close()
})

void t.test('answers from the index as from the tail', async (t) => {
  const { folder, store } = await opened(t, { tail: 4_096 })
  const streams = 97
  const given = Array.from({ length: 20_000 }, (_, i) => event(`s-${i % streams}`, i))
  for (let i = 0; i < given.length; i += 1_000) await store.append(given.slice(i, i + 1_000))
  await check(t, store, given, streams)
  await store.close()
  const reopened = openEmbeddedEventStore(folder)
  await check(t, reopened, given, streams)
  await reopened.close()
})

async function check(t: Test, store: EventStore, given: readonly NewEvent[], streams: number): Promise<void> {
  const picks = [0, 1, 4_095, 4_096, 10_000, 19_999].map((i) => given[i]!)
  const { events } = await store.append(picks)
  t.ok(
    events.every(({ duplicate }) => duplicate),
    'known ids are known',
  )
  for (const number of [0, 13, 96]) {
    const own = given.filter(({ stream }) => stream === `s-${number}`)
    const forward = await store.readStream(`s-${number}`, { limit: 10_000 })
    t.strictSame(
      forward.map(({ id, revision }) => [id, revision]),
      own.map(({ id }, revision) => [id, revision]),
    )
    const backward = await store.readStream(`s-${number}`, { direction: 'backward', from: 150, limit: 100 })
    t.strictSame(
      backward.map(({ id }) => id),
      own
        .slice(51, 151)
        .reverse()
        .map(({ id }) => id),
    )
  }
  const listed = await store.streams({ limit: 1_000 })
  t.equal(listed.length, streams)
  t.strictSame(
    listed.map(({ position }) => position),
    listed.map(({ position }) => position).sort((a, b) => b - a),
  )
}

void t.test(
  'builds an index anew that is missing, is damaged, belongs to another log, or is ahead of it',
  async (t) => {
    const { folder, store } = await opened(t)
    const given = Array.from({ length: 40_000 }, (_, i) => event(`s-${i % 5}`, i))
    for (let i = 0; i < given.length; i += 5_000) await store.append(given.slice(i, i + 5_000))
    await store.close()
    const spoil: Record<string, (path: string) => Promise<void> | void> = {
      missing: async (path) => rm(path),
      damaged: (path) => writeFile(path, 'this is no database'.repeat(1_000)),
      'of another log': (path) => change(path, "UPDATE state SET log = 'another'"),
      'ahead of its log': (path) => change(path, 'UPDATE state SET position = 99999999'),
    }
    for (const [fault, work] of Object.entries(spoil)) {
      await work(join(folder, 'events-index.db'))
      const reopened = openEmbeddedEventStore(folder)
      const { events } = await reopened.append([given[0]!, given[39_999]!])
      t.ok(
        events.every(({ duplicate }) => duplicate),
        `index ${fault}: ids are known`,
      )
      t.equal(
        (await reopened.readStream('s-3', { limit: 10_000 })).length,
        8_000,
        `index ${fault}: streams are whole`,
      )
      await reopened.close()
    }
  },
)

void t.test('refuses the files of another application', async (t) => {
  const folder = await newFolder()
  t.teardown(() => rm(folder, { recursive: true }))
  change(join(folder, 'events.db'), 'CREATE TABLE theirs (a)')
  t.throws(() => openEmbeddedEventStore(folder), LogUnusable)
})

void t.test('two handles that index the same log agree', async (t) => {
  const { folder, store } = await opened(t, { tail: 2_000 })
  const other = openEmbeddedEventStore(folder, { tail: 3_000 })
  for (let i = 0; i < 60; i++) {
    await (i % 3 === 0 ? other : store).append(Array.from({ length: 500 }, (_, n) => event(`s-${n % 11}`, n)))
  }
  const log = await everything(other, 5_000)
  t.equal(log.length, 30_000)
  assertGapless(t, log)
  const { events } = await other.append(log.filter((_, i) => i % 1_001 === 0))
  t.ok(events.every(({ duplicate }) => duplicate))
  await other.close()
})

void t.test('equals a plain list, whatever is appended in whatever order', async (t) => {
  const appends = fc.array(
    fc.record({
      handle: fc.nat(1),
      events: fc.array(fc.record({ stream: fc.constantFrom('a', 'b', 'c-1'), id: fc.nat(30) }), {
        maxLength: 6,
      }),
      expect: fc.option(
        fc.record({ stream: fc.constantFrom('a', 'b', 'c-1'), revision: fc.integer({ min: -1, max: 4 }) }),
      ),
    }),
    { maxLength: 25 },
  )
  await fc.assert(
    fc.asyncProperty(appends, fc.constantFrom(2, 7, 1_000), async (steps, tail) => {
      const folder = await newFolder()
      const handles = [openEmbeddedEventStore(folder, { tail }), openEmbeddedEventStore(folder, { tail })]
      const ids = new Map<string, string>()
      const model: { id: string; stream: string; revision: number }[] = []
      try {
        for (const { handle, events, expect } of steps) {
          const given = events.map(({ stream, id }) => ({
            ...event(stream),
            id: idFor(ids, `${stream}/${id}`),
          }))
          const before = model.filter(({ stream }) => stream === expect?.stream).length - 1
          const own = given.filter(({ stream }) => stream === expect?.stream)
          const repeated = own.length > 0 && own.every(({ id }) => model.some((known) => known.id === id))
          const refused = expect !== null && before !== expect.revision && !repeated
          const expectation = expect && {
            stream: expect.stream,
            revision: expect.revision < 0 ? ('none' as const) : expect.revision,
          }
          const answer = await handles[handle]!.append(given, expectation ? [expectation] : []).catch(
            () => undefined,
          )
          if ((answer === undefined) !== refused) return false
          if (refused) continue
          for (const { id, stream } of given) {
            if (model.some((known) => known.id === id)) continue
            model.push({ id, stream, revision: model.filter((known) => known.stream === stream).length })
          }
        }
        const log = (await everything(handles[0]!)).map(({ id, stream, revision }) => ({
          id,
          stream,
          revision,
        }))
        return JSON.stringify(log) === JSON.stringify(model)
      } finally {
        for (const handle of handles) await handle.close()
        await rm(folder, { recursive: true })
      }
    }),
    { numRuns: 40 },
  )
  t.pass('40 histories')
})

function idFor(ids: Map<string, string>, name: string): string {
  const id = ids.get(name) ?? event('x').id
  ids.set(name, id)
  return id
}

async function opened(t: Test, options: EmbeddedOptions = {}) {
  const folder = await newFolder()
  const store = openEmbeddedEventStore(folder, options)
  t.teardown(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })
  return { folder, store }
}

function change(path: string, sql: string): void {
  const database = openDatabase(path)
  database.exec(sql)
  database.close()
}
