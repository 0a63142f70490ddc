import t from 'tap'
import { SourceReader } from '../../commands/read-source.js'
import { sourceStream } from '../../domain/source.js'
import { wholeLog } from '../projections/tidemark.js'
import { csv, idsOf } from './kafka-log.js'
import { openLog } from '../event-store/open-log.js'
import { bridgeOver, eventsOf, withKafka } from './kafka-server.js'

t.setTimeout(120_000)

await withKafka(t, (kafka) => {
  void t.test('whoever claims a partition gets it, and the others are read on', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings(2)
    const bridge = bridgeOver(t, kafka, { eventStore, settings, times: { abandoned: 400 } })
    const [one, two] = [`${settings.records}/0`, `${settings.records}/1`]
    await Promise.all([bridge.reports.met('claimed', one), bridge.reports.met('claimed', two)])
    await SourceReader.claim(
      eventStore,
      sourceStream('data-records', `kafka-${settings.records}-0`),
      { source: `kafka:${one}`, group: 'another', member: 'another' },
      { offset: 0 },
    )
    await kafka.send(settings.records, [
      { value: csv('a'), partition: 0 },
      { value: csv('b'), partition: 1 },
    ])
    await bridge.reports.met('fenced', one)
    t.match(bridge.reports.of('fenced'), [{ what: one, by: 'another' }])
    await eventsOf(eventStore, ['subscriber'], 1)
    t.same(await idsOf(eventStore), ['b'])
    t.same(bridge.troubles(), [], 'that is no failure')
    // The other one never writes a thing: after a while the partition is claimed back.
    await eventsOf(eventStore, ['subscriber'], 2)
    t.same(await idsOf(eventStore), ['b', 'a'])
  })

  void t.test('bridges of one group share the partitions, and take over from each other', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings(4)
    const send = (first: number) =>
      kafka.send(
        settings.records,
        Array.from({ length: 200 }, (_, n) => ({ value: csv(first + n, String(n % 20)), partition: n % 4 })),
      )
    const a = bridgeOver(t, kafka, { eventStore, settings })
    await send(0)
    await eventsOf(eventStore, ['subscriber'], 200)
    const b = bridgeOver(t, kafka, { eventStore, settings })
    await b.reports.next((report) => report.type === 'assigned' && report.partitions.length > 0)
    await send(200)
    await eventsOf(eventStore, ['subscriber'], 400)
    await a.stop()
    await send(400)
    await eventsOf(eventStore, ['subscriber'], 600)
    await b.stop()
    const ids = await idsOf(eventStore)
    t.equal(ids.length, 600)
    t.equal(new Set(ids).size, 600)
    for (const partition of [0, 1, 2, 3]) {
      const offsets = (await wholeLog(eventStore, ['subscriber'])).flatMap(({ metadata }) =>
        metadata.source?.startsWith(`kafka:${settings.records}/${partition}/`)
          ? [Number(metadata.source.split('/').at(-1))]
          : [],
      )
      t.same(offsets, Array.from(offsets.keys()), 'in the order of the partition')
    }
    const last = new Map<string, unknown>()
    for (const { stream, data } of await wholeLog(eventStore, ['source'])) last.set(stream, data)
    for (const [stream, data] of last) {
      if (stream.includes('data-records'))
        t.match(data, { offset: 150, counts: { read: 150, appended: 150 } })
    }
  })
})
