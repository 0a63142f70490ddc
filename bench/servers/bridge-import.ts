import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { Kafka, logLevel, Partitioners, type Consumer } from 'kafkajs'
import { startBridge } from '../../bridge/kafka/bridge.js'
import { declaredTopics, inputsOf, outputTopicsOf, type KafkaSettings } from '../../bridge/kafka/settings.js'
import { parseDataRecord } from '../../domain/data-record-input.js'
import { dataRecorded } from '../../domain/data-record.js'
import type { NewEvent } from '../../domain/event.js'
import { openEventStoreDb } from '../../event-store/eventstoredb/eventstoredb.js'
import type { Benchmark } from '../benchmark.js'
import { compare, rateOf, takeTurns } from '../measure.js'
import { addressIn, ownName } from './addresses.js'

const partitions = 6
const subscribers = 200
/** As many as the bridge appends at a time. */
const recordsAPage = 1_000

/**
 * Records from Kafka to durable events, against whichever is slower: a bare eachBatch loop that only parses, or the
 * client of the event store, given the same events in the same order.
 */
export const bridgeImport: Benchmark = {
  name: 'server-bridge',
  measures: 'records from Kafka into EventStoreDB, against the slower of a bare eachBatch and bare appends',
  needs: ['KAFKA_BROKERS', 'EVENTSTOREDB_URL'],
  run: async (setting) => {
    const run = ownName()
    const records = setting.quick ? 6_000 : 30_000
    const settings = settingsOf(addressIn('KAFKA_BROKERS').split(','), run)
    const kafka = new Kafka({ brokers: [...settings.brokers], clientId: run, logLevel: logLevel.NOTHING })
    const topic = await fill(kafka, settings, records)
    const turns = {
      peer: () => eachBatch(kafka, topic, records),
      append: () => appendAlone(records),
      ours: () => bridge(settings, records),
    }
    const { peer, append, ours } = await takeTurns(turns, setting)
    await empty(kafka, settings)
    const isBoundByAppend = Math.max(...append) < Math.max(...peer)
    const detail =
      `${records} records over ${partitions} partitions; bound by ` +
      `${isBoundByAppend ? 'the appends of the client' : 'the reading of Kafka'} (bare eachBatch ` +
      `${Math.round(Math.max(...peer))}/s, bare appends ${Math.round(Math.max(...append))}/s)`
    const rounds = { ours, peer: isBoundByAppend ? append : peer }
    return [compare(rounds, { name: 'server-bridge', unit: 'records', required: 0.5, detail })]
  },
}

/** Topics of its own for whatever the bridge reads and writes. */
function settingsOf(brokers: readonly string[], run: string): KafkaSettings {
  const topics = Object.fromEntries(declaredTopics().map((name) => [name, `${run}-${name}`]))
  return { brokers, group: run, topics, ssl: false }
}

async function fill(kafka: Kafka, settings: KafkaSettings, records: number): Promise<string> {
  const inputs = inputsOf(settings)
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: inputs.map(({ topic }) => ({ topic, numPartitions: partitions })) })
  await admin.disconnect()
  const topic = inputs.find(({ kind }) => kind === 'data-records')?.topic ?? ''
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  for (let from = 0; from < records; from += recordsAPage) {
    const messages = Array.from({ length: recordsAPage }, (_, n) => {
      const record = recordOf(from + n)
      return { key: record.msisdn, value: JSON.stringify(record) }
    })
    await producer.send({ topic, messages })
  }
  await producer.disconnect()
  return topic
}

async function empty(kafka: Kafka, settings: KafkaSettings): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  const known = new Set(await admin.listTopics())
  const own = [...inputsOf(settings), ...outputTopicsOf(settings)].map(({ topic }) => topic)
  await admin.deleteTopics({ topics: own.filter((topic) => known.has(topic)) })
  await admin.disconnect()
}

/** From the first record that comes to the last: joining a group takes as long as it likes. */
async function eachBatch(kafka: Kafka, topic: string, records: number): Promise<number> {
  const consumer = kafka.consumer({ groupId: ownName(), allowAutoTopicCreation: false })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const seconds = await parseAll(consumer, records)
  await consumer.disconnect()
  return records / seconds
}

function parseAll(consumer: Consumer, records: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let [seen, start] = [0, 0]
    const run = consumer.run({
      partitionsConsumedConcurrently: partitions,
      eachBatch: async ({ batch }) => {
        start ||= performance.now()
        for (const { value } of batch.messages) if (JSON.parse(String(value)) !== null) seen++
        if (seen >= records) resolve((performance.now() - start) / 1_000)
      },
    })
    run.catch(reject)
  })
}

/**
 * The same events by the client alone, in the order of the records as the log is to have them: an append for each run
 * of events of one stream, those of a page all under way at once.
 */
async function appendAlone(records: number): Promise<number> {
  const client = EventStoreDBClient.connectionString(addressIn('EVENTSTOREDB_URL'))
  const namespace = ownName()
  const rate = await rateOf(records, async () => {
    for (let from = 0; from < records; from += recordsAPage) {
      const page = Array.from({ length: recordsAPage }, (_, n) => eventOf(from + n))
      const appends = runsOf(page).map(({ stream, events }) =>
        client.appendToStream(
          `${namespace}.${stream}`,
          events.map(({ id, type, data, metadata }) => jsonEvent({ id, type, data: { ...data }, metadata })),
        ),
      )
      await Promise.all(appends)
    }
  })
  await client.dispose()
  return rate
}

function runsOf(events: readonly NewEvent[]): { readonly stream: string; readonly events: NewEvent[] }[] {
  const runs: { stream: string; events: NewEvent[] }[] = []
  for (const event of events) {
    const last = runs.at(-1)
    if (last?.stream === event.stream) last.events.push(event)
    else runs.push({ stream: event.stream, events: [event] })
  }
  return runs
}

/** From the moment at which it has partitions to read, until the last record is a durable event. */
async function bridge(settings: KafkaSettings, records: number): Promise<number> {
  const url = addressIn('EVENTSTOREDB_URL')
  const eventStore = await openEventStoreDb({ url, namespace: ownName() })
  let start = 0
  const running = startBridge({
    eventStore,
    settings: { ...settings, group: ownName() },
    recordsAPage,
    report: ({ type }) => {
      if (type === 'assigned') start ||= performance.now()
    },
  })
  const ending = new AbortController()
  const appended = { after: 0, limit: 5_000, categories: ['subscriber'] }
  let seen = 0
  for await (const { events } of eventStore.follow(appended, ending.signal)) {
    seen += events.length
    if (seen >= records) ending.abort()
  }
  const seconds = (performance.now() - start) / 1_000
  await running.stop()
  await eventStore.close()
  return records / seconds
}

function recordOf(n: number) {
  return {
    id: `record-${n}`,
    recordedAt: new Date(Date.UTC(2020, 0, 1) + Math.floor(n / subscribers) * 60_000).toISOString(),
    msisdn: String(48_100_000_000 + (n % subscribers)),
    recordedBytes: 1_000_000 + n,
  }
}

function eventOf(n: number): NewEvent {
  return dataRecorded(parseDataRecord(recordOf(n)), {})
}
