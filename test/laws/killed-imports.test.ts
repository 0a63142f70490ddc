import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { generateDataPlan } from '../../cli/samples/data-plan.js'
import { verifyAll } from '../../cli/verify.js'
import { openEmbeddedEventStore, type EmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import { openEmbeddedReadStore } from '../../read-store/embedded/embedded.js'
import type { ReadStore } from '../../read-store/port.js'

const kills = 12
// So many processes take longer than tap allows a file, on a busy machine.
t.setTimeout(240_000)
const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

void t.test(`law 2: an import killed ${kills} times gives what an undisturbed one gives`, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-imports-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const sample = join(folder, 'sample')
  const { records } = await generateDataPlan({ subscribers: 20, months: 2, out: sample })
  const [killed, undisturbed] = [join(folder, 'killed'), join(folder, 'undisturbed')]
  await run(['import', 'agreements', join(sample, 'agreements.ndjson'), '--data', killed])
  await run(['import', 'agreements', join(sample, 'agreements.ndjson'), '--data', undisturbed])
  const importing = ['import', 'data-records', join(sample, 'incoming-data-records'), '--json', '--data']

  const opened = await open(killed)
  t.teardown(opened.close)
  for (let kill = 0; kill < kills; kill++) {
    await killSomewhere([...importing, killed], opened, Math.ceil((records * 1.2) / kills))
    const verified = await verifyAll(opened)
    const differences = verified.flatMap((one) => one.differences)
    t.strictSame(differences, [], `kill ${kill}: the read models are what the log says`)
  }
  const counts = { read: records, appended: records, duplicates: 0, ignored: 0, rejected: 0 }
  t.strictSame(JSON.parse(await run([...importing, undisturbed])), counts)
  const finished = JSON.parse(await run([...importing, killed])) as typeof counts
  t.equal(finished.read, records)
  t.equal(finished.rejected, 0)
  await compare(t, opened, undisturbed)
})

/** Starts an import and kills it when it has appended a random number of events more, or a little later. */
async function killSomewhere(args: string[], { eventStore }: Opened, most: number): Promise<void> {
  const target = (await eventStore.head()) + Math.floor(Math.random() * most)
  const importer = spawn(process.execPath, [program, ...args], { stdio: 'ignore' })
  let exited = false
  const exit = once(importer, 'exit').then(() => (exited = true))
  while (!exited && (await eventStore.head()) < target) await new Promise((resolve) => setTimeout(resolve, 1))
  // Half of the kills come while it projects what it has appended.
  if (Math.random() < 0.5)
    await Promise.race([exit, new Promise((resolve) => setTimeout(resolve, Math.random() * 200))])
  importer.kill('SIGKILL')
  await exit
}

/** The same records, periods and notifications: each once. */
async function compare(t: Test, killed: Opened, folder: string): Promise<void> {
  const undisturbed = await open(folder)
  try {
    t.strictSame(
      await documents(killed.readStore, 'billing-periods'),
      await documents(undisturbed.readStore, 'billing-periods'),
    )
    for (const category of ['subscriber', 'billing', 'agreement']) {
      t.strictSame(
        await idsOf(killed.eventStore, category),
        await idsOf(undisturbed.eventStore, category),
        category,
      )
    }
  } finally {
    await undisturbed.close()
  }
}

async function documents(readStore: ReadStore, collection: string): Promise<readonly string[]> {
  const build = await readStore.live('data-plans')
  const page = await build?.page(collection, { limit: 10_000 })
  return page?.rows.map(({ text }) => text) ?? []
}

async function idsOf(eventStore: EmbeddedEventStore, category: string): Promise<readonly string[]> {
  const { events } = await eventStore.readAll({ after: 0, limit: 1_000_000, categories: [category] })
  return events.map(({ id }) => id).sort()
}

interface Opened {
  readonly eventStore: EmbeddedEventStore
  readonly readStore: ReadStore
  readonly close: () => Promise<void>
}

async function open(folder: string): Promise<Opened> {
  const eventStore = openEmbeddedEventStore(folder)
  const readStore = await openEmbeddedReadStore(folder)
  const close = async () => {
    await readStore.close()
    await eventStore.close()
  }
  return { eventStore, readStore, close }
}

async function run(args: string[]): Promise<string> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`tidemark ${args.join(' ')} ended with ${code}`)
  return output
}
