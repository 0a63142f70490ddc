import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { outputs } from '../../bridge/kafka/outputs.js'
import { SinkWriter } from '../../commands/write-sink.js'
import type { RecordedEvent } from '../../domain/event.js'
import type { EventStore } from '../../event-store/port.js'
import { advanced, openTidemark, recorded, signed, wholeLog, type Tidemark } from '../projections/tidemark.js'
import type { BridgeProcessOptions } from './kafka-bridge-process.js'
import { bridgeOver, until, withKafka, type ReceivedMessage, type TestSettings } from './kafka-server.js'

t.setTimeout(120_000)

const program = fileURLToPath(new URL('./kafka-bridge-process.js', import.meta.url))

/** Agreements whose plans are exceeded and whose months close: two notifications a month. */
async function notify({ append, fold }: Tidemark, agreements: number, year = 2020): Promise<void> {
  const numbers = Array.from({ length: agreements }, (_, n) => n)
  await append(
    ...numbers.map((n) =>
      signed({ id: `agreement-${year}-${n}`, msisdn: `${year}${n}`, zone: 'Europe/Warsaw', max: 50 }),
    ),
    ...numbers.flatMap((n) =>
      [1, 2, 3].map((month) => recorded(`r${month}`, `${year}-0${month}-10T00:00:00Z`, 60, `${year}${n}`)),
    ),
    advanced(`${year}-05-01T00:00:00Z`),
  )
  await fold()
}

const headerOf = (message: ReceivedMessage, name: string) => message.headers?.[name]?.toString()
const idOf = (message: ReceivedMessage) => headerOf(message, 'event-id')

/** The ids of events by key, in order. */
function byKey(entries: readonly (readonly [key: string, id: string])[]): Record<string, string[]> {
  const keys: Record<string, string[]> = {}
  for (const [key, id] of entries) (keys[key] ??= []).push(id)
  return keys
}

const inLog = (events: readonly RecordedEvent[]) =>
  byKey(events.map(({ id, data }) => [(data as { agreementId: string }).agreementId, id]))
const inTopic = (messages: readonly ReceivedMessage[]) =>
  byKey(messages.map((message) => [String(message.key), idOf(message)!]))

async function isPublished(
  eventStore: EventStore,
  { aggregates }: TestSettings,
  count: number,
): Promise<boolean> {
  const [last] = await eventStore.readStream(`sink-${aggregates}`, { direction: 'backward', limit: 1 })
  return last?.type === 'SinkProgressed' && (last.data as { published: number }).published === count
}

await withKafka(t, (kafka) => {
  void t.test('notifications are published: key, time, value and the id of the event', async (t) => {
    const tidemark = await openTidemark(t)
    const { eventStore } = tidemark
    const settings = await kafka.settings()
    await notify(tidemark, 1)
    const bridge = bridgeOver(t, kafka, { eventStore, settings })
    await until(() => isPublished(eventStore, settings, 6))
    const messages = await kafka.messages(settings.aggregates)
    t.equal(messages.length, 6)
    const notifications = await tidemark.notifications()
    t.equal(notifications.length, 6)
    for (const [n, { id, type, data }] of notifications.entries()) {
      const message = messages[n]!
      t.same(JSON.parse(String(message.value)), data, 'the value is the notification, field for field')
      t.equal(String(message.key), 'agreement-2020-0')
      t.equal(idOf(message), id)
      t.equal(headerOf(message, 'event-type'), type)
    }
    t.same(
      [...new Set(messages.map(({ timestamp }) => new Date(Number(timestamp)).toISOString()))],
      // January, February, and March, which ends in summer time.
      ['2020-01-31T22:59:59.999Z', '2020-02-29T22:59:59.999Z', '2020-03-31T21:59:59.999Z'],
      'the last millisecond of the billing period',
    )
    await until(
      async () => (await figure(bridge, 'tidemark_kafka_published_total', settings.aggregates)) === 6,
    )
  })

  void t.test('an output topic that is missing is created', async (t) => {
    const { eventStore } = await openTidemark(t)
    const settings = await kafka.settings()
    const first = bridgeOver(t, kafka, { eventStore, settings })
    await first.started
    t.ok(first.reports.of('created').some(({ topic }) => topic === settings.aggregates))
    const second = bridgeOver(t, kafka, { eventStore, settings })
    await second.started
    t.same(second.reports.of('created'), [])
  })

  void t.test('in order of each key, and nothing twice, over any number of clean stops', async (t) => {
    const tidemark = await openTidemark(t)
    const { eventStore } = tidemark
    const settings = await kafka.settings()
    await kafka.admin.createTopics({ topics: [{ topic: settings.aggregates, numPartitions: 3 }] })
    for (let round = 0; round < 4; round++) {
      await notify(tidemark, 20, 2020 + round)
      const bridge = bridgeOver(t, kafka, { eventStore, settings })
      // Some rounds end as soon as it has begun to publish: what is not published is left for the next one.
      if (round % 2 === 0) await bridge.reports.met('publishing')
      else await until(() => isPublished(eventStore, settings, (round + 1) * 120))
      await bridge.stop()
    }
    const notifications = await tidemark.notifications()
    t.equal(notifications.length, 480)
    const messages = await kafka.messages(settings.aggregates)
    t.equal(messages.length, 480)
    t.equal(new Set(messages.map(({ partition }) => partition)).size, 3)
    t.same(inTopic(messages), inLog(notifications))
  })

  void t.test('what was in hand at a crash is published again, under the same ids', async (t) => {
    const tidemark = await openTidemark(t)
    const settings = await kafka.settings()
    await notify(tidemark, 5)
    const options: BridgeProcessOptions = {
      ...{ folder: tidemark.folder, settings, diesBeforeProgress: true, patience: 10_000 },
      times: { session: kafka.session, heartbeat: kafka.session / 5, fetch: 50 },
    }
    const crashing = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: 'ignore' })
    const [, signal] = (await once(crashing, 'exit')) as [number | null, string | null]
    t.equal(signal, 'SIGKILL')
    const before = await kafka.messages(settings.aggregates)
    t.equal(before.length, 30, 'it was published, and nobody knows')
    const { eventStore } = tidemark
    bridgeOver(t, kafka, { eventStore, settings })
    await until(() => isPublished(eventStore, settings, 30))
    const messages = await kafka.messages(settings.aggregates)
    const single = Object.entries(inLog(await tidemark.notifications()))
    t.same(inTopic(messages), Object.fromEntries(single.map(([key, ids]) => [key, [...ids, ...ids]])))
  })

  void t.test('of two publishers the one that claimed last goes on', async (t) => {
    const tidemark = await openTidemark(t)
    const { eventStore } = tidemark
    const settings = await kafka.settings()
    const bridge = bridgeOver(t, kafka, { eventStore, settings, times: { abandoned: 300 } })
    await bridge.reports.met('publishing')
    await SinkWriter.claim(eventStore, { topic: settings.aggregates, group: 'another', member: 'another' })
    await notify(tidemark, 1)
    await bridge.reports.met('fenced', settings.aggregates)
    t.match(bridge.reports.of('fenced'), [{ by: 'another' }])
    t.same(bridge.troubles(), [], 'that is no failure')
    // The other one never publishes a thing: after a while this one goes on.
    await until(() => isPublished(eventStore, settings, 6))
    const messages = await kafka.messages(settings.aggregates)
    t.equal(new Set(messages.map(idOf)).size, 6, 'what was in hand when it was told may be there twice')
  })

  void t.test('one bridge of the group publishes, and another one goes on when it leaves', async (t) => {
    const tidemark = await openTidemark(t)
    const { eventStore } = tidemark
    const settings = await kafka.settings(2)
    const a = bridgeOver(t, kafka, { eventStore, settings })
    await a.started
    const b = bridgeOver(t, kafka, { eventStore, settings })
    await b.started
    await notify(tidemark, 3)
    await until(() => isPublished(eventStore, settings, 18))
    await a.stop()
    await notify(tidemark, 3, 2021)
    await until(() => isPublished(eventStore, settings, 36))
    await b.stop()
    t.same(inTopic(await kafka.messages(settings.aggregates)), inLog(await tidemark.notifications()))
  })

  void t.test('its own saying how far it is keeps nobody busy', async (t) => {
    const tidemark = await openTidemark(t)
    const { eventStore } = tidemark
    const settings = await kafka.settings()
    await notify(tidemark, 1)
    const bridge = bridgeOver(t, kafka, { eventStore, settings })
    await until(() => isPublished(eventStore, settings, 6))
    for (let n = 0; n < 20; n++) {
      await tidemark.append(recorded(`later ${n}`, '2020-01-10T00:00:00Z', 1, '9'))
      const head = await eventStore.head()
      await until(
        async () =>
          ((await figure(bridge, 'tidemark_kafka_published_position', settings.aggregates)) ?? 0) >= head,
      )
    }
    const sink = await eventStore.readStream(`sink-${settings.aggregates}`, { limit: 100 })
    t.same(
      sink.map(({ type }) => type),
      ['SinkClaimed', 'SinkProgressed'],
    )
    await bridge.stop()
    const [last] = await eventStore.readStream(`sink-${settings.aggregates}`, {
      direction: 'backward',
      limit: 1,
    })
    t.ok((last?.data as { position: number }).position > sink.at(-1)!.position, 'but at the end it does')
  })
})

void t.test('every output is of events that its categories have', async (t: Test) => {
  const tidemark = await openTidemark(t)
  await notify(tidemark, 1)
  const { categories, types } = outputs['data-records-aggregates']
  const events = await wholeLog(tidemark.eventStore, [...categories])
  t.same(new Set(events.map(({ type }) => type)), new Set(['DataPlanExceeded', 'BillingPeriodClosed']))
  t.ok(events.every(({ type }) => types.includes(type)))
})

async function figure(
  bridge: Pick<ReturnType<typeof bridgeOver>, 'metrics'>,
  name: string,
  topic: string,
): Promise<number | undefined> {
  for (const metric of bridge.metrics) {
    const { name: found, values } = await metric.get()
    if (found === name) return values.find(({ labels }) => labels.topic === topic)?.value
  }
  return undefined
}
