import t from 'tap'
import { deadLetterStream, recordRejected, type DeadLetterEvent } from '../../domain/dead-letter.js'
import type { NewEvent } from '../../domain/event.js'
import { deadLetters, type DeadLetter } from '../../projections/dead-letters/dead-letters.js'
import { rebuild } from '../../projections/running/rebuild.js'
import { openTidemark, textsOf, type Tidemark } from './tidemark.js'

function rejected(source: string, raw = 'a;b', kind = 'data-records') {
  const rejection = { kind, reason: 'invalid-bytes', detail: 'b is no number', raw: Buffer.from(raw) }
  return recordRejected(rejection, { source })
}

let serial = 0
function afterwards(letter: ReturnType<typeof rejected>, event: DeadLetterEvent): NewEvent {
  const id = `6a8f3c1e-0000-5000-8000-${String(serial++).padStart(12, '0')}`
  return { id, stream: deadLetterStream(letter.data.deadLetterId), ...event, metadata: {} }
}

const listed = (tidemark: Tidemark) => tidemark.documents<DeadLetter>('dead-letters', 'dead-letters')

void t.test('lists what was rejected, with its bytes, its source and the reason', async (t) => {
  const tidemark = await openTidemark(t)
  const letter = rejected('file:1#7', 'zażółć')
  await tidemark.append(letter, rejected('file:1#8'))
  await tidemark.fold(deadLetters)
  const [event] = (await tidemark.eventStore.readAll({ after: 0, limit: 1 })).events
  const id = letter.data.deadLetterId
  t.same((await listed(tidemark))[id], {
    id,
    kind: 'data-records',
    reason: 'invalid-bytes',
    detail: 'b is no number',
    source: 'file:1#7',
    raw: 'zażółć',
    encoding: 'utf8',
    at: new Date(event!.recordedTime).toISOString().replace('.000Z', 'Z'),
    retries: 0,
    position: 1,
  })
})

void t.test('in the order of their rejection, all of them or those of a kind', async (t) => {
  const tidemark = await openTidemark(t)
  for (let n = 0; n < 12; n++)
    await tidemark.append(rejected(`file:1#${n}`, 'x', n % 3 === 0 ? 'agreements' : 'data-records'))
  await tidemark.fold(deadLetters)
  const build = await tidemark.live('dead-letters')
  const sources = async (query: { index: string; equals?: string[] }) =>
    (await build.page('dead-letters', { ...query, limit: 100 })).rows.map(({ text }) =>
      Number((JSON.parse(text) as DeadLetter).source.split('#')[1]),
    )
  t.same(await sources({ index: 'position' }), [...Array(12).keys()])
  t.same(await sources({ index: 'kind', equals: ['agreements'] }), [0, 3, 6, 9])
})

void t.test('a retry that fails is counted and tells its own reason', async (t) => {
  const tidemark = await openTidemark(t)
  const letter = rejected('file:1#1')
  const failed = { type: 'RetryFailed', data: { reason: 'invalid-id', detail: 'still' } } as const
  await tidemark.append(letter, afterwards(letter, failed))
  await tidemark.append(afterwards(letter, failed))
  await tidemark.fold(deadLetters)
  t.match((await listed(tidemark))[letter.data.deadLetterId], {
    reason: 'invalid-id',
    detail: 'still',
    retries: 2,
    position: 1,
  })
})

void t.test('one that was recovered is a dead letter no more, and a rebuild says the same', async (t) => {
  const tidemark = await openTidemark(t)
  const [one, other] = [rejected('file:1#1'), rejected('file:1#2')]
  const recovered = { type: 'RecordRecovered', data: { position: 9 } } as const
  const failed = { type: 'RetryFailed', data: { reason: 'invalid-id', detail: 'still' } } as const
  await tidemark.append(one, other, afterwards(one, recovered))
  await tidemark.fold(deadLetters)
  // Two operators retried it at once.
  await tidemark.append(afterwards(one, failed))
  await tidemark.fold(deadLetters)
  t.same(Object.keys(await listed(tidemark)), [other.data.deadLetterId])
  t.same(await tidemark.differences(deadLetters), [])
  const before = await textsOf(await tidemark.live('dead-letters'), 'dead-letters')
  await rebuild(deadLetters, tidemark)
  t.same(await textsOf(await tidemark.live('dead-letters'), 'dead-letters'), before)
})
