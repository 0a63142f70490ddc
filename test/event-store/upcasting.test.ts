import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { RecordedEvent } from '../../domain/event.js'
import { step, type Upcasters } from '../../domain/upcasting.js'
import { openEmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import type { EventStore } from '../../event-store/port.js'
import { upcasting } from '../../event-store/upcasting.js'
import { event } from '../contract/event-store/events.js'
import { eventStoreContract } from '../contract/event-store/index.js'
import { storedEvents } from '../stored-events.js'

/** The events of `test/fixtures/tariffs.ndjson` were written by three programs, each with another version. */
const upcasters: Upcasters = {
  TariffSet: [
    step(({ name, price }: { name: string; price: string }) => ({
      name,
      cents: Number(price.replace(',', '')),
    })),
    step(({ name, cents }: { name: string; cents: number }) => ({ name, price: { cents, currency: 'EUR' } })),
  ],
}

const current = [
  { name: 'a', price: { cents: 250, currency: 'EUR' } },
  { price: '2,50' },
  { name: 'b', price: { cents: 199, currency: 'EUR' } },
  { name: 'a', price: { cents: 300, currency: 'PLN' } },
]

eventStoreContract('embedded behind upcasters', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-upcasting-'))
  const store = upcasting(openEmbeddedEventStore(folder), upcasters)
  return {
    store,
    again: async () => upcasting(openEmbeddedEventStore(folder), upcasters),
    cleanUp: async () => {
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
})

void t.test(
  'stored events of old versions are read as of the current one, however they are read',
  async (t) => {
    const { log, store } = await tariffs(t)
    const stored = await log.readAll({ after: 0, limit: 10 })
    t.same(
      dataOf(stored.events),
      dataOf(storedEvents('tariffs.ndjson')),
      'the log has them as they were written',
    )
    const all = await store.readAll({ after: 0, limit: 10 })
    t.same(dataOf(all.events), current)
    t.equal(all.position, stored.position)
    t.same(
      all.events.map(({ metadata }) => metadata.schemaVersion),
      [3, undefined, 3, 3],
    )
    t.same(dataOf(await store.readStream('tariff-a', { limit: 10 })), [current[0], current[3]])
    t.same(dataOf(await store.readStream('tariff-b', { direction: 'backward', limit: 1 })), [current[2]])
    t.same((await store.readAll({ after: 0, limit: 10, categories: ['other'] })).events, [stored.events[1]])
    const stopping = new AbortController()
    for await (const { events } of store.follow({ after: 0, limit: 10 }, stopping.signal)) {
      t.same(dataOf(events), current)
      stopping.abort()
    }
  },
)

void t.test(
  'what is appended says its version, and is the same event when it is appended again',
  async (t) => {
    const { log, store } = await tariffs(t)
    const tariff = { ...event('tariff-c'), type: 'TariffSet', data: current[0]! }
    const [placed] = (await store.append([tariff, event('other-c')])).events
    const [read] = await store.readStream('tariff-c', { limit: 1 })
    t.same([read?.data, read?.metadata.schemaVersion], [current[0], 3])
    const [other] = await log.readStream('other-c', { limit: 1 })
    t.notOk('schemaVersion' in (other?.metadata ?? {}), 'a first version is not written')
    t.equal((await store.append([tariff])).events[0]?.position, placed?.position)
  },
)

void t.test('upcasters around upcasters do nothing more', async (t) => {
  const { store } = await tariffs(t)
  const twice = upcasting(store, upcasters)
  t.same(await twice.readAll({ after: 0, limit: 10 }), await store.readAll({ after: 0, limit: 10 }))
})

void t.test(
  'an event of a newer program is an error for whoever reads it, and for nobody else',
  async (t) => {
    const { log } = await tariffs(t)
    const old = upcasting(log, { TariffSet: upcasters.TariffSet!.slice(0, 1) })
    t.equal((await old.readStream('tariff-b', { limit: 1 })).length, 1)
    const error = {
      code: 'unknown-schema-version',
      message: /TariffSet .* version 3, .* up to 2: a newer program/,
    }
    await t.rejects(old.readStream('tariff-a', { limit: 10 }), error)
    await t.rejects(old.readAll({ after: 0, limit: 10 }), error)
    await t.rejects(async () => {
      for await (const page of old.follow({ after: 0, limit: 10 }, new AbortController().signal)) t.fail(page)
    }, error)
    t.equal(await old.head(), 4)
    t.equal((await old.streams({ limit: 10 })).length, 3)
  },
)

async function tariffs(t: Test): Promise<{ log: EventStore; store: EventStore }> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-upcasting-'))
  const log = openEmbeddedEventStore(folder)
  t.teardown(async () => {
    await log.close()
    rmSync(folder, { recursive: true })
  })
  await log.append(storedEvents('tariffs.ndjson'))
  return { log, store: upcasting(log, upcasters) }
}

function dataOf(events: readonly Pick<RecordedEvent, 'data'>[]): object[] {
  return events.map(({ data }) => data)
}
