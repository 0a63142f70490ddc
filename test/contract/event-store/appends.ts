import { randomUUID } from 'node:crypto'
import { rawBytes, recordRejected, type RecordRejected } from '../../../domain/dead-letter.js'
import type { NewEvent } from '../../../domain/event.js'
import { MAX_RECORD_BYTES } from '../../../domain/record-size.js'
import { InvalidEvent } from '../../../event-store/errors.js'
import { event, everything } from './events.js'
import type { DeclareTest } from './under-test.js'

export function appends(behaviour: DeclareTest): void {
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

  behaviour('takes the dead letter of the largest record', async (t, { store }) => {
    const raw = Buffer.alloc(MAX_RECORD_BYTES, 0xff)
    const rejection = { kind: 'data-records', reason: 'invalid-utf8', detail: 'no text', raw }
    const letter = recordRejected(rejection, { source: 'file:abc#1' })
    await store.append([event('a'), letter, event('a')])
    const [kept] = await store.readStream(letter.stream, { limit: 10 })
    t.ok(rawBytes(kept!.data as RecordRejected['data']).equals(raw))
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

  behaviour('refuses an event without a UUID or without a stream', async (t, { store }) => {
    await t.rejects(store.append([{ ...event('a'), id: 'no uuid' }]), InvalidEvent)
    await t.rejects(store.append([{ ...event('a'), stream: '' }]), InvalidEvent)
    t.equal(await store.head(), 0)
  })

  behaviour('answers an empty append with position 0', async (t, { store }) => {
    t.strictSame(await store.append([]), { position: 0, events: [] })
  })
}
