import t from 'tap'
import { createOutput } from '../../bridge/kafka/reach.js'
import { Sending, SequenceBroken } from '../../bridge/kafka/sending.js'
import { makeAnew, withKafka } from './kafka-server.js'

t.setTimeout(120_000)

const once = <T>(work: () => Promise<T>) => work()
const large = (n: number) => ({ key: 'one', value: `${n} ${'x'.repeat(60_000)}` })

await withKafka(t, (kafka) => {
  const open = async (topic: string) => {
    const sending = await Sending.open(kafka.client(), topic)
    t.teardown(() => sending.close())
    return sending
  }

  void t.test('more than brokers take at once is sent in several pages, in order', async (t) => {
    const topic = await kafka.topic('pages')
    const sending = await open(topic)
    const sent = Array.from({ length: 40 }, (_, n) => large(n))
    await sending.send(sent, once)
    const values = (await kafka.messages(topic)).map(({ value }) => String(value))
    t.same(
      values,
      sent.map(({ value }) => value),
    )
  })

  void t.test('of a topic that has fewer partitions now, nothing is taken for sent', async (t) => {
    const topic = await kafka.topic('shrunk', 8)
    const sending = await open(topic)
    await makeAnew(kafka, topic)
    const messages = Array.from({ length: 20 }, (_, n) => ({ key: `key-${n}`, value: `${n}` }))
    await t.rejects(sending.send(messages, once), SequenceBroken)
    const again = await open(topic)
    await again.send(messages, once)
    const keys = new Set((await kafka.messages(topic)).map(({ key }) => String(key)))
    t.equal(keys.size, messages.length, 'another producer sends all of them')
  })

  void t.test('what a topic refuses is said with the setting to raise', async (t) => {
    const topic = kafka.name('small')
    const configEntries = [{ name: 'max.message.bytes', value: '1000' }]
    await kafka.admin.createTopics({ topics: [{ topic, configEntries }] })
    const sending = await open(topic)
    const sent = await sending.send([large(1)], once).then(
      () => 'taken',
      (error: Error) => error.message,
    )
    // Not every server that speaks the protocol has such limits.
    if (sent !== 'taken') t.match(sent, new RegExp(`raise max\\.message\\.bytes of ${topic}`, 'i'))
  })

  void t.test('a topic that we create takes messages of any date, and keeps them', async (t) => {
    const settings = await kafka.settings()
    await createOutput(kafka.admin, settings.aggregates)
    const year = 365 * 24 * 3_600_000
    const times = [Date.now() - 10 * year, Date.now() + year].map(String)
    const sending = await open(settings.aggregates)
    await sending.send(
      times.map((timestamp) => ({ key: 'one', value: 'x', timestamp })),
      once,
    )
    t.same(
      (await kafka.messages(settings.aggregates)).map(({ timestamp }) => timestamp),
      times,
    )
  })
})
