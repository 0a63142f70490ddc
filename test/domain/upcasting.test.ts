import fc from 'fast-check'
import t from 'tap'
import type { RecordedEvent } from '../../domain/event.js'
import { SchemaVersions, step, type Upcasters } from '../../domain/upcasting.js'

/** A type with three versions: a price as text, then in cents, then with its currency. */
const versions = new SchemaVersions({
  TariffSet: [
    step(({ price }: { price: string }) => ({ cents: Number(price.replace(',', '')) })),
    step(({ cents }: { cents: number }) => ({ price: { cents, currency: 'EUR' } })),
  ],
  NeverChanged: [],
})

const event = (type: string, data: object, schemaVersion?: number): RecordedEvent => ({
  id: '00000000-0000-4000-8000-000000000000',
  stream: 'tariff-a',
  type,
  data,
  metadata: { source: 'file:x#1', ...(schemaVersion !== undefined && { schemaVersion }) },
  revision: 3,
  position: 17,
  recordedTime: 0,
})

void t.test('given an event of an old version, when it is read, it is of the current one', async (t) => {
  const current = { price: { cents: 250, currency: 'EUR' } }
  for (const old of [event('TariffSet', { price: '2,50' }), event('TariffSet', { cents: 250 }, 2)]) {
    t.same(versions.current(old), event('TariffSet', current, 3), 'and all else is as it was')
  }
  const first = event('TariffSet', { price: '2,50' }, 1)
  t.same(versions.current(first).data, current, 'also where the first version is written out')
})

void t.test('given an event of the current version, when it is read, it is the same object', async (t) => {
  for (const one of [
    event('TariffSet', { price: { cents: 1, currency: 'PLN' } }, 3),
    event('NeverChanged', { a: 1 }),
    event('OfNoConcern', { a: 1 }),
    event('OfNoConcern', { a: 1 }, 1),
    event('toString', { a: 1 }),
  ]) {
    t.equal(versions.current(one), one, one.type)
  }
})

void t.test('given an event of an unknown version, when it is read, that is an error', async (t) => {
  for (const [type, version] of [
    ['TariffSet', 4],
    ['TariffSet', 0],
    ['TariffSet', 1.5],
    ['OfNoConcern', 2],
    ['TariffSet', 'two' as unknown as number],
  ] as const) {
    const read = () => versions.current(event(type, {}, version))
    t.throws(read, {
      code: 'unknown-schema-version',
      message: /at position 17 has schema version .* newer program/,
    })
  }
})

void t.test('when an event is written, it says its version if that is not the first', async (t) => {
  t.same(versions.stamped(event('TariffSet', {})).metadata, { source: 'file:x#1', schemaVersion: 3 })
  const copied = event('TariffSet', { cents: 1 }, 2)
  t.equal(versions.stamped(copied), copied, 'what was written by another program stays as it is')
  const first = event('NeverChanged', {})
  t.equal(versions.stamped(first), first)
})

void t.test('however many steps there are, each is taken once and in order', async () => {
  const path = fc.record({ steps: fc.integer({ min: 1, max: 8 }), from: fc.nat(8) })
  fc.assert(
    fc.property(path, ({ steps, from }) => {
      const table: Upcasters = {
        Grown: Array.from({ length: steps }, (_, n) =>
          step(({ taken }: { taken: number[] }) => ({ taken: [...taken, n + 1] })),
        ),
      }
      const version = Math.min(from, steps) + 1
      const { data, metadata } = new SchemaVersions(table).current(event('Grown', { taken: [] }, version))
      const expected = Array.from({ length: steps + 1 - version }, (_, n) => version + n)
      return (
        JSON.stringify(data) === JSON.stringify({ taken: expected }) && metadata.schemaVersion === steps + 1
      )
    }),
  )
})
