import t from 'tap'
import { wholeLog } from '../projections/tidemark.js'
import { csvs, idsOf, progressOf } from './kafka-log.js'
import { openLog } from '../event-store/open-log.js'
import { bridgeOver, eventsOf, until, withKafka } from './kafka-server.js'

t.setTimeout(120_000)

await withKafka(t, (kafka) => {
  void t.test('goes on where the log says, whatever the broker says', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    await kafka.send(settings.records, csvs(0, 50))
    const first = bridgeOver(t, kafka, { eventStore, settings })
    await eventsOf(eventStore, ['subscriber'], 50)
    await first.stop()
    const committed = await kafka.admin.fetchOffsets({ groupId: settings.group, topics: [settings.records] })
    t.match(committed, [{ partitions: [{ offset: '50' }] }], 'it tells the broker how far it is, for display')
    await kafka.send(settings.records, csvs(50, 50))
    for (const offset of ['100', '20']) {
      // Of what is behind nothing is taken twice, and of what is before nothing is left out.
      await kafka.commit(settings.group, settings.records, offset)
      const again = bridgeOver(t, kafka, { eventStore, settings })
      await eventsOf(eventStore, ['subscriber'], 100)
      await again.stop()
    }
    t.same(
      await idsOf(eventStore),
      Array.from({ length: 100 }, (_, n) => String(n)),
    )
    t.equal((await wholeLog(eventStore, ['deadletter'])).length, 0)
    t.match(await progressOf(eventStore), {
      offset: 100,
      counts: { read: 100, appended: 100, duplicates: 0 },
    })
  })

  void t.test('where nothing comes any more, the log says how far it has come', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    await kafka.send(settings.records, csvs(0, 10))
    bridgeOver(t, kafka, { eventStore, settings })
    await until(
      async () => ((await progressOf(eventStore)) as { offset?: number } | undefined)?.offset === 10,
    )
    const { length } = await wholeLog(eventStore, ['source'])
    await kafka.send(settings.records, csvs(10, 10))
    await until(
      async () => ((await progressOf(eventStore)) as { offset?: number } | undefined)?.offset === 20,
    )
    t.equal((await wholeLog(eventStore, ['source'])).length, length + 2, 'once')
  })

  void t.test('a broker that has forgotten the group changes nothing', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    await kafka.send(settings.records, csvs(0, 10))
    const first = bridgeOver(t, kafka, { eventStore, settings })
    await eventsOf(eventStore, ['subscriber'], 10)
    await first.stop()
    await kafka.send(settings.records, csvs(10, 10))
    const second = bridgeOver(t, kafka, { eventStore, settings: { ...settings, group: kafka.name('other') } })
    await eventsOf(eventStore, ['subscriber'], 20)
    t.match(
      second.reports.of('claimed').find(({ partition }) => partition === `${settings.records}/0`),
      { offset: 9 },
    )
    t.equal((await wholeLog(eventStore, ['subscriber'])).length, 20)
  })
})
