import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { importFile } from '../../bridge/file-import.js'
import { LogUnreachable } from '../../event-store/errors.js'
import { openEventStoreDb } from '../../event-store/eventstoredb/eventstoredb.js'
import type { EventStore } from '../../event-store/port.js'
import { projections } from '../../projections/index.js'
import { openMongoDbReadStore } from '../../read-store/mongodb/mongodb.js'
import { FaultyProxy } from '../faulty-proxy.js'
import type { RunnerReport } from '../../projections/running/runner.js'
import { run } from '../projections/running.js'
import { temporaryFolder } from '../projections/tidemark.js'
import { findMongoDb } from '../read-store/mongodb-server.js'
import { eventStoreDbUrl, ownName } from '../servers.js'
import { assertSameOutcome, caughtUp, undisturbed, writeInputs, type Input } from './same-outcome.js'

t.setTimeout(400_000)
const url = await eventStoreDbUrl()
const mongoDb = await findMongoDb()
if (mongoDb) t.teardown(() => mongoDb.stop())
const seed = Number(process.env.FAULTS_SEED ?? Date.now() % 100_000)
/** On each of the two servers. */
const faultsEach = Number(process.env.FAULTS ?? 50)
/** When both servers are well again, in milliseconds. */
const catchesUpWithin = 120_000
const answers =
  'socketTimeoutMS=5000&connectTimeoutMS=2000&serverSelectionTimeoutMS=5000&heartbeatFrequencyMS=500'

if (url !== undefined && mongoDb) {
  const name = `law 2: ${2 * faultsEach} faults between us and the servers change nothing (FAULTS_SEED=${seed})`
  void t.test(name, async (t) => {
    const folder = temporaryFolder(t)
    const inputs = writeInputs(join(folder, 'inputs'), 12)
    const [events, documents] = [await proxyOf(t, url, seed), await proxyOf(t, mongoDb.url, seed + 1)]
    const namespace = ownName()
    const patience = { answer: 150, operation: 20_000 }
    const eventStore = await openEventStoreDb({ url: events.url, namespace, patience })
    t.teardown(() => eventStore.close())
    const open = `${documents.url.replace(/\?.*$/, '')}?directConnection=true&${answers}`
    const readStore = await openMongoDbReadStore({ url: open, namespace })
    t.teardown(async () => {
      await readStore.close()
      await mongoDb.client.db(`tidemark-${namespace}`).dropDatabase()
    })
    const running = run(t, eventStore, readStore, projections, { shared: true, partitions: 3 })

    let left = 2
    const disturbing = [events.proxy, documents.proxy].map((proxy) =>
      proxy.disturb(faultsEach, 30).finally(() => left--),
    )
    for (const input of inputs) await importThroughFaults(eventStore, input)
    // Late records keep both servers busy until every fault has struck.
    for (let n = 0; left > 0; n++) {
      const late = { kind: 'data-records', path: join(folder, `late-${n}`) } as const
      writeFileSync(late.path, `late-${n};2020-01-10T00:00:00Z;${n % 3};${n}\n`)
      await importThroughFaults(eventStore, late)
      inputs.push(late)
    }
    await Promise.all(disturbing)
    t.comment(`EventStoreDB ${JSON.stringify(events.proxy.counts)}`)
    t.comment(`MongoDB ${JSON.stringify(documents.proxy.counts)}, ${inputs.length} files`)
    t.ok(events.proxy.count + documents.proxy.count >= 2 * faultsEach, 'so many faults had an effect')
    const last = () => running.reports.slice(-5).map((report) => ({ ...report, error: errorOf(report) }))
    const late = delay(catchesUpWithin, undefined, { ref: false }).then(() => {
      throw new Error(`it did not catch up; the runner said last: ${JSON.stringify(last())}`)
    })
    await Promise.race([caughtUp({ eventStore, readStore }), late])
    await running.stop()
    t.strictSame(
      running.reports.filter(({ type }) => type === 'failed'),
      [],
    )
    const expected = await undisturbed(t, join(folder, 'undisturbed'), inputs)
    await assertSameOutcome(t, { eventStore, readStore }, expected)
  })
}

/** An import that gives up is begun again, as a user would: it goes on where it was. */
async function importThroughFaults(eventStore: EventStore, { kind, path }: Input): Promise<void> {
  for (;;) {
    try {
      await importFile(eventStore, kind, path)
      return
    } catch (error) {
      if (!(error instanceof LogUnreachable)) throw error
    }
  }
}

function errorOf(report: RunnerReport): string | undefined {
  return 'error' in report ? String(report.error) : undefined
}

async function proxyOf(t: Test, url: string, seed: number) {
  const [, host = '127.0.0.1', port = ''] = /\/\/(?:[^@]*@)?([^:/?]+):(\d+)/.exec(url) ?? []
  const proxy = await FaultyProxy.start({ host, port: Number(port), seed, lasting: 150 })
  t.teardown(() => proxy.close().catch(() => {}))
  return { proxy, url: url.replace(`${host}:${port}`, `127.0.0.1:${proxy.port}`) }
}
