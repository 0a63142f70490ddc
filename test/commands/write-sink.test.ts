import t from 'tap'
import { lastSinkClaim, sinkStandingOf, SinkWriter } from '../../commands/write-sink.js'
import type { EventStore } from '../../event-store/port.js'
import { Countdown, Stopped, unansweredAppends } from '../projections/stopping.js'
import { wholeLog } from '../projections/tidemark.js'
import { openLog } from '../event-store/open-log.js'

const topic = 'aggregates'

const claim = (eventStore: EventStore, member = 'member-1') =>
  SinkWriter.claim(eventStore, { topic, group: 'tidemark', member })

void t.test('a sink that nobody has written to starts at the beginning of the log', async (t) => {
  const eventStore = openLog(t)
  t.equal((await claim(eventStore)).position, 0)
  t.match(await wholeLog(eventStore, ['sink']), [
    {
      stream: 'sink-aggregates',
      type: 'SinkClaimed',
      data: { topic, group: 'tidemark', member: 'member-1' },
    },
  ])
})

void t.test('goes on from what was said last, and counts on', async (t) => {
  const eventStore = openLog(t)
  const first = await claim(eventStore)
  await first.progress(10, 3)
  await first.progress(25, 4)
  const second = await claim(eventStore)
  t.equal(second.position, 25)
  await second.progress(30, 1)
  t.match(await sinkStandingOf(eventStore, topic), { position: 30, published: 8, revision: 4 })
})

void t.test('of two publishers the one that claimed last goes on, and the other one is told', async (t) => {
  const eventStore = openLog(t)
  const one = await claim(eventStore)
  const two = await claim(eventStore, 'member-2')
  await t.rejects(one.progress(10, 1), { code: 'sink-fenced' })
  await two.progress(10, 1)
  t.match(await lastSinkClaim(eventStore, topic), { member: 'member-2' })
  t.equal(await lastSinkClaim(eventStore, 'another'), undefined)
  t.match(await sinkStandingOf(eventStore, topic), { position: 10, published: 1 })
})

void t.test('what was said and not answered can be said again', async (t) => {
  const eventStore = openLog(t)
  const answers = new Countdown(1)
  const writer = await claim(unansweredAppends(eventStore, answers))
  await t.rejects(writer.progress(10, 2), Stopped)
  answers.set(Infinity)
  await writer.progress(10, 2)
  await writer.progress(20, 1)
  t.match(await sinkStandingOf(eventStore, topic), { position: 20, published: 3, revision: 2 })
})
