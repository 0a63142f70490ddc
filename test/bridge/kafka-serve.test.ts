import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { generateDataPlan } from '../../cli/samples/data-plan.js'
import { temporaryFolder } from '../projections/tidemark.js'
import { until, withKafka, type TestKafka, type TestSettings } from './kafka-server.js'

t.setTimeout(120_000)
const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

/** `tidemark serve` with all roles, over a folder of its own: its address, and how to end it. */
async function serve(t: Test, { brokers }: TestKafka, { group, topics }: TestSettings, folder: string) {
  const server = spawn(process.execPath, [program, 'serve', '--port', '0'], {
    cwd: folder,
    env: {
      ...process.env,
      TIDEMARK_DATA: join(folder, 'data'),
      LOG_LEVEL: 'info',
      KAFKA_BROKERS: brokers.join(','),
      KAFKA_GROUP: group,
      KAFKA_TOPICS: Object.entries(topics)
        .map(([name, topic]) => `${name}=${topic}`)
        .join(','),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => server.kill('SIGKILL'))
  const address = new Promise<string>((resolve) => {
    createInterface({ input: server.stdout }).on('line', (line) => {
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? []
      if (found !== undefined) resolve(found)
    })
  })
  return {
    url: await address,
    end: async () => {
      server.kill('SIGTERM')
      const [code] = (await once(server, 'exit')) as [number | null]
      return code
    },
  }
}

await withKafka(t, (kafka) => {
  void t.test('from topic to topic: the month of docs/semantics.md, Check', async (t) => {
    const folder = temporaryFolder(t)
    const settings = await kafka.settings(2)
    const sample = join(folder, 'sample')
    await generateDataPlan({ subscribers: 1, months: 1, out: sample })
    const linesOf = async (...path: string[]) =>
      (await readFile(join(sample, ...path), 'utf8')).trimEnd().split('\n')
    const agreements = await linesOf('agreements.ndjson')
    const files = (await readdir(join(sample, 'incoming-data-records'))).sort()
    const records = (await Promise.all(files.map((file) => linesOf('incoming-data-records', file)))).flat()
    await kafka.send(
      settings.agreements,
      agreements.map((value) => ({ value })),
    )
    await kafka.send(
      settings.records,
      records.map((value) => ({ key: 'subscriber', value })),
    )

    const first = await serve(t, kafka, settings, folder)
    await until(async () => (await fetch(`${first.url}/health/ready`)).ok)
    const isThere = async () => (await kafka.admin.listTopics()).includes(settings.aggregates)
    const published = async () => ((await isThere()) ? kafka.messages(settings.aggregates) : [])
    await until(async () => (await published()).length === 2)
    t.match(
      (await published()).map(({ value }) => JSON.parse(String(value)) as object),
      [
        {
          type: 'DATA_PLAN_EXCEEDED',
          agreementId: '0b12c601-9287-3f5c-a78c-df508fe0f889',
          totalRecordedBytes: 5697948758,
          latestExternalRecordId: '523d8cc7-e611-3508-90bc-fab260b2973e',
        },
        { type: 'BILLING_PERIOD_CLOSED', totalRecordedBytes: 13559994361 },
      ],
    )
    t.match(await (await fetch(`${first.url}/metrics`)).text(), /tidemark_kafka_records_total\{.*\} 31\n/)
    t.equal(await first.end(), 0)

    // Everything once more, and one record that is late.
    const [, ...others] = records
    const late = records[0]!.replace(/^[^;]*/, 'late')
    await kafka.send(
      settings.records,
      [...others, late].map((value) => ({ key: 'subscriber', value })),
    )
    const second = await serve(t, kafka, settings, folder)
    await until(async () => (await published()).length === 3)
    t.match(JSON.parse(String((await published()).at(-1)!.value)), {
      type: 'BILLING_PERIOD_CORRECTED',
      previousTotalRecordedBytes: 13559994361,
    })
    t.equal(await second.end(), 0)
    t.equal((await published()).length, 3)
  })
})
