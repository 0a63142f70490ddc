import t from 'tap'
import type { EventStore } from '../../event-store/port.js'
import { csvs, figure, idsOf, progressOf } from './kafka-log.js'
import { openLog } from '../event-store/open-log.js'
import { bridgeOver, eventsOf, withKafka } from './kafka-server.js'
import { decorated } from '../../event-store/decorated.js'

t.setTimeout(120_000)

await withKafka(t, (kafka) => {
  void t.test('appends in pages, and finishes the page in hand when it is told to stop', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    const pages: number[] = []
    const watching: EventStore = decorated(eventStore, {
      append: async (events, expect) => {
        const records = events.filter(({ type }) => type === 'DataRecorded').length
        if (records > 0) pages.push(records)
        if (pages.length === 3) void bridge.stop()
        return eventStore.append(events, expect)
      },
    })
    await kafka.send(settings.records, csvs(0, 1_000))
    const bridge = bridgeOver(t, kafka, { eventStore: watching, settings, recordsAPage: 64 })
    await bridge.ended
    t.same(pages, [64, 64, 64])
    t.equal((await idsOf(eventStore)).length, 192)
    const again = bridgeOver(t, kafka, { eventStore, settings })
    await eventsOf(eventStore, ['subscriber'], 1_000)
    t.match(
      again.reports.of('claimed').find(({ partition }) => partition === `${settings.records}/0`),
      { offset: 191 },
      'the last record is looked at again, and nothing else',
    )
  })

  void t.test('a log that does not take records for a while delays them, and loses none', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    let broken = true
    const troubled: EventStore = decorated(eventStore, {
      append: async (events, expect) => {
        const hasRecords = events.some(({ type }) => type === 'DataRecorded')
        if (broken && hasRecords) throw new Error('the disk is full')
        return eventStore.append(events, expect)
      },
    })
    await kafka.send(settings.records, csvs(0, 10))
    const bridge = bridgeOver(t, kafka, { eventStore: troubled, settings })
    await bridge.reports.met('trouble', `${settings.records}/0`)
    t.match(bridge.troubles(), [`${settings.records}/0: the disk is full`])
    t.ok((await figure(bridge, 'tidemark_kafka_lag')).includes(10), 'what waits is shown')
    broken = false
    await eventsOf(eventStore, ['subscriber'], 10)
    await bridge.reports.met('recovered', `${settings.records}/0`)
    t.same(bridge.troubles(), [])
    t.equal((await idsOf(eventStore)).length, 10)
  })

  void t.test('a member that waits for the log for longer than its session lasts stays one', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    let appends = 0
    const slow: EventStore = decorated(eventStore, {
      append: async (events, expect) => {
        const isFirstPage = events.some(({ type }) => type === 'DataRecorded') && appends++ === 0
        if (isFirstPage) await new Promise((resolve) => setTimeout(resolve, kafka.session * 2.5))
        return eventStore.append(events, expect)
      },
    })
    await kafka.send(settings.records, csvs(0, 30))
    const bridge = bridgeOver(t, kafka, { eventStore: slow, settings, recordsAPage: 10 })
    await eventsOf(eventStore, ['subscriber'], 30)
    t.equal(bridge.reports.of('assigned').length, 1)
    t.equal(bridge.reports.of('fenced').length, 0)
  })

  void t.test('an append whose answer was lost is repeated, to no effect', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    let lost = 0
    const forgetful: EventStore = decorated(eventStore, {
      append: async (events, expect) => {
        const appended = await eventStore.append(events, expect)
        if (events.some(({ type }) => type === 'DataRecorded') && lost++ < 2) throw new Error('no answer')
        return appended
      },
    })
    await kafka.send(settings.records, csvs(0, 30))
    const bridge = bridgeOver(t, kafka, { eventStore: forgetful, settings, recordsAPage: 10 })
    await eventsOf(eventStore, ['subscriber'], 30)
    await bridge.stop()
    t.equal((await idsOf(eventStore)).length, 30)
    t.match(await progressOf(eventStore), { counts: { read: 30, appended: 30, duplicates: 0, rejected: 0 } })
    t.equal(bridge.reports.of('fenced').length, 0, 'it does not take itself for somebody else')
  })
})
