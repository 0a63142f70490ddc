import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import { startBridge, type BridgeOptions } from '../../bridge/kafka/bridge.js'
import { openEmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import { startService } from '../api/service.js'
import { temporaryFolder } from '../projections/tidemark.js'
import { bridgeOver, eventsOf, until, withKafka } from './kafka-server.js'
import { refusingBroker } from './refusing-broker.js'
import { openLog } from '../event-store/open-log.js'

t.setTimeout(120_000)
const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

const password = 'geheim'

/** A bridge that cannot start: what it says of that. */
async function failureOf(
  t: Test,
  settings: Partial<BridgeOptions['settings']>,
  patience = 1_500,
): Promise<Error & { code?: string }> {
  const bridge = startBridge({
    eventStore: openLog(t),
    settings: { brokers: [], group: 'tidemark', topics: {}, ssl: false, ...settings },
    patience,
  })
  t.teardown(() => bridge.stop())
  const [started, ended] = await Promise.all([failing(bridge.started), failing(bridge.ended)])
  t.equal(started, ended)
  t.notMatch(inspect(ended, { depth: 8, showHidden: true }), new RegExp(password))
  return ended
}

async function failing(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it should have failed')
}

/** Addresses that nobody listens at: no test is given one of the first ports. */
const [nobody, nobodyElse] = ['127.0.0.1:1', '127.0.0.1:2']

void t.test('brokers that are down are tried for a while; then it gives up with advice', async (t) => {
  const brokers = [nobody, nobodyElse]
  const began = performance.now()
  const error = await failureOf(t, { brokers })
  t.equal(error.code, 'kafka-unreachable')
  t.match(error.message, `no Kafka broker of ${brokers.join(', ')} answered for`)
  t.match(error.message, /ECONNREFUSED.*: check KAFKA_BROKERS, that they run, and whether they want TLS/)
  t.ok(performance.now() - began > 400, 'more than once')
})

void t.test('brokers that are down while the bridge is told to stop', async (t) => {
  const brokers = [nobody]
  const settings = { brokers, group: 'tidemark', topics: {}, ssl: false }
  const bridge = startBridge({ eventStore: openLog(t), settings })
  t.match(bridge.troubles(), [/starting/])
  await bridge.stop()
  await bridge.ended
})

void t.test('wrong credentials are no matter of time', async (t) => {
  const brokers = [await refusingBroker(t)]
  const sasl = { mechanism: 'plain', username: 'reader', password } as const
  const error = await failureOf(t, { brokers, sasl }, 60_000)
  t.equal(error.code, 'kafka-refused')
  t.match(
    error.message,
    /refuses the credentials \(.*Invalid username or password\): check KAFKA_SASL_MECHANISM/,
  )
})

void t.test('an address that is no Kafka', async (t) => {
  const servers: [what: string, answer: (socket: Socket) => void][] = [
    ['of another protocol', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['that says nothing', () => {}],
  ]
  for (const [what, answer] of servers) {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy()).resume()
      t.teardown(() => socket.destroy())
      answer(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => server.close())
    const broker = `127.0.0.1:${(server.address() as AddressInfo).port}`
    for (const ssl of [false, true]) {
      const error = await failureOf(t, { brokers: [broker], ssl }, 700)
      t.equal(error.code, 'kafka-unreachable', `${what}, ${ssl ? 'with' : 'without'} TLS`)
      t.notMatch(error.message, '\n')
    }
  }
})

await withKafka(t, (kafka) => {
  const { brokers } = kafka

  void t.test('a topic that is read must be there: it is not created', async (t) => {
    const [missing, there] = [kafka.name('missing'), await kafka.topic('there')]
    const topics = { agreements: there, 'incoming-data-records': missing }
    const error = await failureOf(t, { brokers: [...brokers], topics })
    t.equal(error.code, 'topic-missing')
    t.match(error.message, new RegExp(`^Kafka has no topic ${missing}, .*: create it .*KAFKA_TOPICS`))
    t.notOk((await kafka.admin.listTopics()).includes(missing))
    const two = await failureOf(t, {
      brokers: [...brokers],
      topics: { ...topics, agreements: `${missing}-2` },
    })
    t.match(two.message, `no topic ${missing}-2 and no topic ${missing}`)
  })

  void t.test('some brokers may be down', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    const bridge = bridgeOver(t, kafka, {
      eventStore,
      settings: { ...settings, brokers: [nobody, ...brokers, nobody] },
    })
    await bridge.started
    t.equal(bridge.reports.of('connected').length, 1)
  })

  void t.test('what the bridge does is shown by the API of its process', async (t) => {
    const settings = await kafka.settings(2)
    const eventStore = openLog(t)
    const bridge = bridgeOver(t, kafka, { eventStore, settings })
    const service = await startService(t, { bridge })
    await bridge.started
    t.equal((await service.get('/health/ready')).status, 200)
    await kafka.send(settings.records, [
      { value: 'a;2020-01-10T00:00:00Z;1;10', partition: 1 },
      { value: 'nonsense', partition: 1 },
    ])
    await eventsOf(eventStore, ['subscriber', 'deadletter'], 2)
    const metrics = async () => (await service.get('/metrics')).text
    await until(async () => (await metrics()).includes('outcome="rejected"} 1'))
    const text = await metrics()
    const { records } = settings
    for (const line of [
      `tidemark_kafka_records_total{topic="${records}",outcome="appended"} 1`,
      `tidemark_kafka_records_total{topic="${records}",outcome="rejected"} 1`,
      `tidemark_kafka_lag{topic="${records}",partition="1"} 0`,
      'tidemark_kafka_troubles 0',
    ]) {
      t.ok(text.includes(`\n${line}\n`), line)
    }
    await bridge.stop()
    t.notMatch(await metrics(), /tidemark_kafka_lag\{/, 'the partitions are somebody else’s now')
  })

  void t.test('a bridge in trouble is not ready, and says why', async (t) => {
    const settings = await kafka.settings()
    const eventStore = openLog(t)
    const bridge = bridgeOver(t, kafka, { eventStore, settings, schemaRegistry: `http://${nobody}` })
    const service = await startService(t, { bridge })
    await bridge.started
    await kafka.send(settings.records, [{ value: Buffer.from([0, 0, 0, 0, 1, 0]) }, { value: 'waits' }])
    await bridge.reports.met('trouble')
    const { status, body } = await service.get('/health/ready')
    t.equal(status, 503)
    t.match(body, { code: 'not-ready', reasons: [/records\/0: the schema registry at .* does not help/] })
    const { text } = await service.get('/metrics')
    t.match(text, new RegExp(`tidemark_kafka_lag\\{topic="${settings.records}",partition="0"\\} 2\n`))
    t.match(text, /tidemark_kafka_troubles 1\n/)
    t.match(text, /tidemark_kafka_last_error_timestamp_seconds\{what="test-[^"]*records\/0"\} 1\d{9}/)
  })

  void t.test('serve runs the bridge where KAFKA_BROKERS is set, and ends in order', async (t) => {
    const folder = temporaryFolder(t)
    const settings = await kafka.settings()
    const topics = Object.entries(settings.topics).map(([name, topic]) => `${name}=${topic}`)
    const env = {
      ...process.env,
      KAFKA_BROKERS: brokers.join(','),
      KAFKA_GROUP: settings.group,
      KAFKA_TOPICS: topics.join(','),
    }
    await kafka.send(settings.records, [{ value: 'a;2020-01-10T00:00:00Z;1;10' }])
    const server = spawn(process.execPath, [program, 'serve', '--roles', 'bridge', '--data', folder], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const eventStore = openEmbeddedEventStore(folder)
    t.teardown(() => eventStore.close())
    t.match(await eventsOf(eventStore, ['subscriber'], 1), [{ data: { externalRecordId: 'a' } }])
    server.kill('SIGTERM')
    const [code] = (await once(server, 'exit')) as [number | null]
    t.equal(code, 0)
    const committed = await kafka.admin.fetchOffsets({ groupId: settings.group, topics: [settings.records] })
    t.match(committed, [{ partitions: [{ offset: '1' }] }])
  })
})

void t.test('serve says in one line why the bridge cannot start', async (t) => {
  const folder = temporaryFolder(t)
  const serve = async (args: string[], env: NodeJS.ProcessEnv) => {
    const server = spawn(process.execPath, [program, 'serve', '--port', '0', '--data', folder, ...args], {
      cwd: folder,
      env: { ...process.env, KAFKA_BROKERS: '', LOG_LEVEL: 'silent', ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let errors = ''
    server.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    const [code] = (await once(server, 'close')) as [number | null]
    return { code, errors }
  }
  const credentials = { KAFKA_SASL_USERNAME: 'reader', KAFKA_SASL_PASSWORD: password }
  const refused = await serve([], { KAFKA_BROKERS: await refusingBroker(t), ...credentials })
  t.match(refused, { code: 1, errors: /^tidemark: Kafka at [\d.:]+ refuses the credentials .*\n$/ })
  const unset = await serve(['--roles', 'bridge'], {})
  t.match(unset, { code: 2, errors: /^tidemark: --roles has bridge, but KAFKA_BROKERS is not set/ })
})
