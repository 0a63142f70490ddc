import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { openEmbeddedReadStore } from '../../read-store/embedded/embedded.js'
import { Fenced } from '../../read-store/errors.js'
import type { Build, ReadStore } from '../../read-store/port.js'
import { openDatabase } from '../../sqlite/driver.js'
import { collections, counterUnit, disagreements, projection } from './counters.js'
import { openEmbedded } from './open-embedded.js'

void t.test('checkpoint and documents agree after every kill -9 of a process that commits', async (t) => {
  const { folder, store } = await opened(t)
  await store.promote(await store.create(projection, 1, collections))
  await store.close()
  let before = 0
  for (let kill = 0; kill < 10; kill++) {
    const child = endlessCommits(folder)
    let answered = before
    for (let line = 0; line < 1 + ((kill * 7) % 20); line++) answered = Number(await child.nextLine())
    child.process.kill('SIGKILL')
    await child.exited
    const again = await openEmbeddedReadStore(folder)
    const live = await liveOf(again)
    before = await live.checkpoint()
    t.same(await disagreements(live), [], `kill ${kill}`)
    t.ok(before >= answered, 'what was answered is there')
    await again.close()
  }
})

void t.test('reads whole units of work while another process writes', async (t) => {
  const { folder, store } = await opened(t)
  await store.promote(await store.create(projection, 1, collections))
  const live = await liveOf(store)
  const child = endlessCommits(folder)
  t.teardown(() => child.process.kill('SIGKILL'))
  const seen = new Set<number>()
  for (let read = 0; read < 30; read++) {
    await child.nextLine()
    const snapshot = await live.snapshot()
    t.same(await disagreements(snapshot), [])
    seen.add(await snapshot.checkpoint())
    await snapshot.close()
    // Without a snapshot each answer is of its moment, and still finds all documents.
    t.equal(await live.count('counters'), 300)
  }
  t.ok(seen.size > 5, `checkpoints seen: ${seen.size}`)
})

void t.test('of two processes that run one projection, one is fenced', async (t) => {
  const { folder, store } = await opened(t)
  await store.promote(await store.create(projection, 1, collections))
  const live = await liveOf(store)
  const child = endlessCommits(folder)
  await child.nextLine()
  const outcome = await firstWin(live, child)
  t.equal(outcome, 3, 'the other runner was fenced')
  t.same(await disagreements(live), [])
})

void t.test(
  'a writer gets its turn while another process writes another build without a pause',
  async (t) => {
    const { folder, store } = await opened(t)
    await store.promote(await store.create(projection, 1, collections))
    const other = await store.create('other', 1, collections)
    const child = endlessCommits(folder)
    t.teardown(() => child.process.kill('SIGKILL'))
    await child.nextLine()
    for (let at = 0; at < 20; at++) await other.commit(counterUnit(at))
    t.same(await disagreements(other), [])
    t.equal(child.process.exitCode, null, 'the other one is still at it')
  },
)

void t.test('the next rebuild removes what a dead process built, not what a living one builds', async (t) => {
  const { folder, store } = await opened(t)
  const tables = () => {
    const database = openDatabase(`${folder}/read-models.db`, { readOnly: true })
    const names = database
      .prepare(`SELECT name FROM sqlite_schema WHERE name GLOB 'documents:*'`)
      .all() as unknown[]
    database.close()
    return names.length
  }
  const mine = await store.create(projection, 1, collections)
  await dieAfter(
    folder,
    `await store.create('${projection}', 1, ${JSON.stringify(collections)})
       await store.create('another', 1, ${JSON.stringify(collections)})`,
  )
  t.equal(tables(), 6)
  const next = await store.create(projection, 1, collections)
  t.equal(tables(), 6, 'one build went, one came; that of another projection stays')
  await mine.commit(counterUnit(0))
  await next.commit(counterUnit(0))
  t.same(await disagreements(mine), [])
})

void t.test('scratch folders of dead processes are removed when the store is opened', async (t) => {
  const { folder, store, again } = await opened(t)
  const scratch = await store.scratch()
  await dieAfter(folder, 'await store.scratch()')
  const folders = () => readdirSync(folder).filter((name) => name.startsWith('scratch-')).length
  t.equal(folders(), 2)
  await again()
  t.equal(folders(), 1, 'ours is in use')
  await scratch.close()
  t.equal(folders(), 0)
})

async function opened(t: Test) {
  const under = await openEmbedded()
  t.teardown(() => under.cleanUp())
  return under
}

async function liveOf(store: ReadStore): Promise<Build> {
  const live = await store.live(projection)
  if (!live) throw new Error('nothing is live')
  return live
}

/** Tries until a unit of ours gets in between those of the other runner; answers how that one ended. */
async function firstWin(live: Build, child: ReturnType<typeof endlessCommits>): Promise<number | null> {
  for (;;) {
    try {
      await live.commit(counterUnit(await live.checkpoint()))
      await child.exited
      return child.process.exitCode
    } catch (error) {
      if (!(error instanceof Fenced)) throw error
    }
  }
}

function endlessCommits(folder: string): {
  readonly process: ChildProcess
  readonly exited: Promise<unknown>
  nextLine(): Promise<string>
} {
  const script = fileURLToPath(new URL('./endless-commits.js', import.meta.url))
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return {
    process: child,
    exited: once(child, 'exit'),
    nextLine: async () => {
      const line = await lines.next()
      if (line.done) throw new Error(`the process ended: ${child.exitCode ?? child.signalCode}`)
      return line.value
    },
  }
}

/** A process that does something to the store and dies of it. */
async function dieAfter(folder: string, deeds: string): Promise<void> {
  const script = `
    const { openEmbeddedReadStore } = await import('${import.meta.resolve('../../read-store/embedded/embedded.js')}')
    const store = await openEmbeddedReadStore(${JSON.stringify(folder)})
    ${deeds}
    process.kill(process.pid, 'SIGKILL')`
  await once(spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' }), 'exit')
}
