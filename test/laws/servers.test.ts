import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { importFile } from '../../bridge/file-import.js'
import { openEventStoreDb } from '../../event-store/eventstoredb/eventstoredb.js'
import { projections } from '../../projections/index.js'
import { rebuild } from '../../projections/running/rebuild.js'
import { openMongoDbReadStore } from '../../read-store/mongodb/mongodb.js'
import { run } from '../projections/running.js'
import { temporaryFolder } from '../projections/tidemark.js'
import { findMongoDb } from '../read-store/mongodb-server.js'
import { eventStoreDbUrl, ownName } from '../servers.js'
import {
  assertSameOutcome,
  caughtUp,
  documentsOf,
  undisturbed,
  writeInputs,
  type Input,
} from './same-outcome.js'

t.setTimeout(240_000)
const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url))
const url = await eventStoreDbUrl()
const mongoDb = await findMongoDb()
if (mongoDb) t.teardown(() => mongoDb.stop())

if (url !== undefined && mongoDb) {
  void t.test('two runners over three partitions give what the embedded engine gives', async (t) => {
    const folder = temporaryFolder(t)
    const inputs = writeInputs(join(folder, 'inputs'))
    const eventStore = await openEventStoreDb({ url, namespace: ownName() })
    t.teardown(() => eventStore.close())
    const under = await mongoDb.open()
    t.teardown(under.cleanUp)
    const stores = { eventStore, readStore: under.store }
    const sharing = { shared: true, partitions: 3 }
    const runners = [under.store, await under.again()].map((readStore) =>
      run(t, eventStore, readStore, projections, sharing),
    )
    for (const { kind, path } of inputs) await importFile(eventStore, kind, path)
    await caughtUp(stores)
    for (const running of runners) await running.stop()

    const expected = await undisturbed(t, join(folder, 'undisturbed'), inputs)
    await assertSameOutcome(t, stores, expected)
    t.equal((await under.store.live('data-plans'))?.partitions, 3)
    const before = await documentsOf(stores)
    for (const projection of projections) {
      const { derivedDifferences } = await rebuild(projection, stores)
      t.strictSame(derivedDifferences, [], `rebuild of ${projection.name}`)
    }
    t.strictSame(await documentsOf(stores), before, 'rebuilt documents are the same')
  })

  void t.test('the variables alone move the command line to the servers', async (t) => {
    const folder = temporaryFolder(t)
    const inputs = writeInputs(join(folder, 'inputs'))
    const namespace = ownName()
    const env = {
      ...process.env,
      EVENTSTOREDB_URL: url,
      MONGODB_URL: mongoDb.url,
      TIDEMARK_NAMESPACE: namespace,
      PROJECTION_PARTITIONS: '3',
    }
    const eventStore = await openEventStoreDb({ url, namespace })
    t.teardown(() => eventStore.close())
    for (const { kind, paths } of commandsOf(inputs)) {
      const args = [program, 'import', kind, ...paths, '--json', '--data', join(folder, 'data')]
      const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
      child.stdout.resume()
      const [code] = (await once(child, 'close')) as [number | null]
      t.equal(code, 0, `import ${kind}`)
    }
    const readStore = await openMongoDbReadStore({ url: mongoDb.url, namespace })
    t.teardown(async () => {
      await readStore.close()
      await mongoDb.client.db(`tidemark-${namespace}`).dropDatabase()
    })
    const expected = await undisturbed(t, join(folder, 'undisturbed'), inputs)
    await assertSameOutcome(t, { eventStore, readStore }, expected)
  })
}

/** One command takes all files of a kind that follow one another. */
function commandsOf(inputs: readonly Input[]): { kind: string; paths: string[] }[] {
  const commands: { kind: string; paths: string[] }[] = []
  for (const { kind, path } of inputs) {
    const last = commands.at(-1)
    if (last?.kind === kind) last.paths.push(path)
    else commands.push({ kind, paths: [path] })
  }
  return commands
}
