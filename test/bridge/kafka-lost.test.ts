import t, { type Test } from 'tap'
import { rawBytes, type RecordRejected } from '../../domain/dead-letter.js'
import type { SourceLost } from '../../domain/source.js'
import type { EventStore } from '../../event-store/port.js'
import { wholeLog } from '../projections/tidemark.js'
import { bridgeOver, eventsOf, makeAnew, withKafka, type TestKafka } from './kafka-server.js'
import { decorated } from '../../event-store/decorated.js'
import { openLog } from '../event-store/open-log.js'

t.setTimeout(120_000)

const csvs = (first: number, count: number) =>
  Array.from({ length: count }, (_, n) => ({ value: `${first + n};2020-01-10T00:00:00Z;1;10` }))

const idsOf = async (eventStore: EventStore) =>
  (await wholeLog(eventStore, ['subscriber'])).map(({ data }) =>
    Number((data as { externalRecordId: string }).externalRecordId),
  )

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n)

async function lossesOf(eventStore: EventStore) {
  return (await wholeLog(eventStore, ['source'])).flatMap(({ type, data }) =>
    type === 'SourceLost' ? [(data as SourceLost['data']).lost] : [],
  )
}

/** Deletes the records before an offset, as their age would have it; false if these brokers cannot be told to. */
async function deleteBefore({ admin }: TestKafka, topic: string, offset: string): Promise<boolean> {
  // The client does not ask for the leader of a partition that it has not met.
  await admin.fetchTopicOffsets(topic)
  try {
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset }] })
    return true
  } catch (error) {
    if (/does not support/.test((error as Error).message)) return false
    throw error
  }
}

await withKafka(t, (kafka) => {
  const start = (t: Test, eventStore: EventStore, settings: Awaited<ReturnType<TestKafka['settings']>>) =>
    bridgeOver(t, kafka, { eventStore, settings, shortPatience: 300 })

  void t.test(
    'records that were deleted before they were read: what is lost is said, and it goes on',
    async (t) => {
      const eventStore = openLog(t)
      const settings = await kafka.settings()
      await kafka.send(settings.records, csvs(0, 10))
      const first = start(t, eventStore, settings)
      await eventsOf(eventStore, ['subscriber'], 10)
      await first.stop()
      await kafka.send(settings.records, csvs(10, 20))
      if (!(await deleteBefore(kafka, settings.records, '25'))) {
        t.pass('skipped: these brokers delete no records', { skip: true })
        return
      }
      const second = start(t, eventStore, settings)
      await eventsOf(eventStore, ['subscriber'], 15)
      t.same(await idsOf(eventStore), [...numbers(0, 10), ...numbers(25, 30)])
      t.same(await lossesOf(eventStore), [{ from: 10, to: 25, reason: 'deleted' }])
      const [lost] = second.reports.of('lost')
      t.match(lost, {
        partition: `${settings.records}/0`,
        detail: /offset 10 to 24 were deleted .*retention/,
      })
      await second.stop()
      const third = start(t, eventStore, settings)
      await third.reports.met('claimed', `${settings.records}/0`)
      t.equal((await lossesOf(eventStore)).length, 1, 'it is said once')
    },
  )

  void t.test('records that were deleted while the bridge was held up', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    let full = false
    const filling: EventStore = decorated(eventStore, {
      append: async (events, expect) => {
        if (full && events.some(({ type }) => type === 'DataRecorded')) throw new Error('the disk is full')
        return eventStore.append(events, expect)
      },
    })
    await kafka.send(settings.records, csvs(0, 10))
    const bridge = start(t, filling, settings)
    await eventsOf(eventStore, ['subscriber'], 10)
    full = true
    await kafka.send(settings.records, csvs(10, 10))
    await bridge.reports.met('trouble', `${settings.records}/0`)
    const deleted = await deleteBefore(kafka, settings.records, '15')
    full = false
    if (!deleted) {
      t.pass('skipped: these brokers delete no records', { skip: true })
      return
    }
    await eventsOf(eventStore, ['subscriber'], 15)
    t.same(await idsOf(eventStore), [...numbers(0, 10), ...numbers(15, 20)])
    t.same(await lossesOf(eventStore), [{ from: 10, to: 15, reason: 'deleted' }])
  })

  void t.test(
    'a topic that was made anew is read from its start, be it shorter or longer than before',
    async (t) => {
      for (const count of [5, 40]) {
        const eventStore = openLog(t)
        const settings = await kafka.settings()
        await kafka.send(settings.records, [...csvs(0, 9), { value: 'nonsense' }])
        const first = start(t, eventStore, settings)
        await eventsOf(eventStore, ['subscriber', 'deadletter'], 10)
        await first.stop()
        await makeAnew(kafka, settings.records)
        await kafka.send(settings.records, csvs(100, count))
        const second = start(t, eventStore, settings)
        await eventsOf(eventStore, ['subscriber'], 9 + count)
        t.same(await idsOf(eventStore), [...numbers(0, 9), ...numbers(100, 100 + count)])
        t.same(await lossesOf(eventStore), [{ from: 10, to: 0, reason: 'replaced' }])
        t.match(second.reports.of('lost'), [{ detail: /made anew.*read again from offset 0/ }])
      }
    },
  )

  void t.test('a dead letter does not take the place of one of the topic before', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    await kafka.send(settings.records, [{ value: 'nonsense' }, { value: 'more of it' }])
    const first = start(t, eventStore, settings)
    await eventsOf(eventStore, ['deadletter'], 2)
    await first.stop()
    await makeAnew(kafka, settings.records)
    await kafka.send(settings.records, [{ value: 'other nonsense' }])
    start(t, eventStore, settings)
    await eventsOf(eventStore, ['deadletter'], 3)
    const letters = (await wholeLog(eventStore, ['deadletter'])).map(({ data, metadata }) => [
      rawBytes(data as RecordRejected['data']).toString(),
      metadata.source,
    ])
    t.match(letters, [
      ['nonsense', `kafka:${settings.records}/0/0`],
      ['more of it', `kafka:${settings.records}/0/1`],
      ['other nonsense', `kafka:${settings.records}/0~2/0`],
    ])
  })
  void t.test('records without an identity of their own are not those of the topic before', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    const topic = settings.topics['billableevents.incoming']!
    const billed = (...amounts: number[]) =>
      amounts.map((amount) => ({ value: `1580515200000,Emma,${amount},DATA` }))
    const sources = async () =>
      (await wholeLog(eventStore, ['customer', 'deadletter'])).map(({ type, metadata }) => [
        type,
        metadata.source,
      ])
    const at = (partition: string, count: number) =>
      numbers(0, count).map((offset) => ['BillableEventRecorded', `kafka:${topic}/${partition}/${offset}`])

    await kafka.send(topic, billed(1, 2, 3))
    const first = start(t, eventStore, settings)
    await eventsOf(eventStore, ['customer'], 3)
    await first.stop()

    await makeAnew(kafka, topic)
    // The first one has the content of the one that stood there before, the second one has another.
    await kafka.send(topic, billed(1, 20))
    const second = start(t, eventStore, settings)
    await eventsOf(eventStore, ['customer'], 5)
    await second.stop()
    t.same(await sources(), [...at('0', 3), ...at('0~2', 2)])

    await kafka.send(topic, billed(4))
    const third = start(t, eventStore, settings)
    await eventsOf(eventStore, ['customer'], 6)
    await third.stop()
    t.same(await sources(), [...at('0', 3), ...at('0~2', 3)], 'whoever reads on knows which topic it is')

    await makeAnew(kafka, topic)
    await kafka.send(topic, billed(1))
    start(t, eventStore, settings)
    await eventsOf(eventStore, ['customer'], 7)
    t.same(await sources(), [...at('0', 3), ...at('0~2', 3), ...at('0~3', 1)])
    t.equal((await lossesOf(eventStore)).length, 2)
  })
})
