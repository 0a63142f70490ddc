import { randomUUID } from 'node:crypto'
import t from 'tap'
import { arrivalOf } from '../../bridge/arrivals.js'
import { LineSplitter } from '../../bridge/formats/lines.js'
import { takeIn } from '../../commands/intake.js'
import type { EventStore } from '../../event-store/port.js'
import { agreement, dataRecord, startService, type Service } from './service.js'

/** Takes the lines of a file in, as an import does. */
async function importLines(eventStore: EventStore, bytes: string | Buffer) {
  const splitter = new LineSplitter()
  const lines = [...splitter.push(Buffer.from(bytes)), ...splitter.end()]
  const source = `file:${randomUUID()}`
  return takeIn(
    eventStore,
    lines.map((line) => arrivalOf('data-records', line, source)!),
  )
}

async function lettersAt({ get }: Service, position: number) {
  const { body } = await get(`/dead-letters?minPosition=${position}`)
  return body.items as { id: string; reason: string; raw: string; retries: number; position: number }[]
}

void t.test('dead letters are listed in the order they were rejected, by kind or all', async (t) => {
  const service = await startService(t)
  const lines = Array.from({ length: 12 }, (_, n) => `bad ${n}\n`).join('')
  await importLines(service.eventStore, lines)
  await service.post('/agreements', agreement())
  const { body } = await service.post('/agreements', agreement({ msisdn: '1' }))
  t.equal((await lettersAt(service, Number(body.position))).length, 13)
  const all = await service.all('/dead-letters', 5)
  t.same(
    all.slice(0, 12).map(({ raw }) => raw),
    Array.from({ length: 12 }, (_, n) => `bad ${n}`),
  )
  t.same(await service.all('/dead-letters?kind=data-records', 5), all.slice(0, 12))
  t.same(await service.all('/dead-letters?kind=agreements', 5), all.slice(12))
  const one = await service.get(`/dead-letters/${String(all[0]!.id)}`)
  t.same(one.body, all[0])
  t.match(one.headers.get('etag'), /^"/)
})

void t.test('a last line that was complete after all is recovered by a retry', async (t) => {
  const service = await startService(t)
  const { eventStore, get, post } = service
  await post('/agreements', agreement())
  const { position } = await importLines(eventStore, 'r1;2020-01-10T12:00Z;48100200300;70')
  const [letter] = await lettersAt(service, position)
  t.match(letter, { reason: 'incomplete-line', raw: 'r1;2020-01-10T12:00Z;48100200300;70' })
  const retried = await post(`/dead-letters/${letter!.id}/retry`)
  t.equal(retried.status, 200)
  t.match(retried.body, { id: letter!.id, recovered: true })
  t.notOk('reason' in retried.body)
  const at = `minPosition=${String(retried.body.position)}`
  t.match((await get(`/agreements/agreement-1/billing-periods/2020-01?${at}`)).body, {
    totalRecordedBytes: 70,
  })
  t.same((await get(`/dead-letters?${at}`)).body.items, [])
  t.equal((await get(`/dead-letters/${letter!.id}`)).status, 404)
  const again = await post(`/dead-letters/${letter!.id}/retry`)
  t.equal(again.status, 409)
  t.equal(again.body.code, 'already-recovered')
  const [, event] = await eventStore.readStream('subscriber-48100200300', { direction: 'backward', limit: 2 })
  t.equal(event, undefined, 'it is in the log once')
})

void t.test('a retry that fails again says why, and counts', async (t) => {
  const service = await startService(t)
  const { eventStore, post } = service
  await post('/data-records', dataRecord('r1'))
  const lines = [
    Buffer.from('r1;2020-01-10T12:00Z;48100200300;5\n'),
    Buffer.from('r2;yesterday;48100200300;5\n'),
    Buffer.from([0x72, 0xff, 0x0a]),
    Buffer.from(`r3;2020-01-10T12:00Z;48100200300;${'0'.repeat(1024 * 1024)}7\n`),
  ]
  const { position } = await importLines(eventStore, Buffer.concat(lines))
  // The one that contradicts is known last: only the log could tell.
  const letters = await lettersAt(service, position)
  const reasons = ['invalid-timestamp', 'invalid-utf8', 'record-too-large', 'conflicting-duplicate']
  t.same(
    letters.map(({ reason }) => reason),
    reasons,
  )
  let last = 0
  for (const { id, reason } of letters) {
    const { status, body } = await post(`/dead-letters/${id}/retry`)
    t.equal(status, 200)
    t.match(body, { id, recovered: false, reason, detail: String })
    last = Number(body.position)
  }
  const after = await lettersAt(service, last)
  t.same(
    after.map(({ retries }) => retries),
    [1, 1, 1, 1],
  )
  t.same(
    after.map(({ raw }) => raw),
    letters.map(({ raw }) => raw),
  )
})

void t.test('a record that came over HTTP with line feeds in it can be retried', async (t) => {
  const service = await startService(t)
  await service.post('/data-records', dataRecord('a'))
  const { body } = await service.post(
    '/data-records',
    JSON.stringify(dataRecord('a', { recordedBytes: 1 }), null, 2),
  )
  const [letter] = await lettersAt(service, Number(body.position))
  const { body: outcome } = await service.post(`/dead-letters/${letter!.id}/retry`)
  t.match(outcome, { recovered: false, reason: 'conflicting-duplicate' })
})

void t.test('a record that another source brought meanwhile is recovered', async (t) => {
  const service = await startService(t)
  const { position } = await importLines(service.eventStore, 'r1;2020-01-10T12:00Z;48100200300;70')
  const [letter] = await lettersAt(service, position)
  await importLines(service.eventStore, 'r1;2020-01-10T12:00Z;48100200300;70\n')
  t.match((await service.post(`/dead-letters/${letter!.id}/retry`)).body, { recovered: true })
})

void t.test('of two retries at once one is carried out, or both see the same', async (t) => {
  const service = await startService(t)
  const { position } = await importLines(service.eventStore, 'r1;2020-01-10T12:00Z;48100200300;70')
  const [letter] = await lettersAt(service, position)
  const retry = () => service.post(`/dead-letters/${letter!.id}/retry`)
  const statuses = (await Promise.all([retry(), retry(), retry()])).map(({ status }) => status)
  t.equal(statuses.filter((status) => status === 200).length, 1)
  t.equal(statuses.filter((status) => status === 409).length, 2)
  const events = await service.eventStore.readStream(`deadletter-${letter!.id}`, { limit: 10 })
  t.same(
    events.map(({ type }) => type),
    ['RecordRejected', 'RecordRecovered'],
  )
})

void t.test('a retry is carried out once under its key', async (t) => {
  const service = await startService(t)
  const { position } = await importLines(service.eventStore, 'bad\n')
  const [letter] = await lettersAt(service, position)
  const key = { 'idempotency-key': 'k' }
  const first = await service.post(`/dead-letters/${letter!.id}/retry`, undefined, key)
  const again = await service.post(`/dead-letters/${letter!.id}/retry`, undefined, key)
  t.same(again.body, first.body)
  t.equal((await lettersAt(service, Number(again.body.position)))[0]!.retries, 1)
})

void t.test('there is nothing to retry under an unknown id', async (t) => {
  const { post } = await startService(t)
  const { status, body } = await post(`/dead-letters/${randomUUID()}/retry`)
  t.equal(status, 404)
  t.equal(body.code, 'not-found')
})
