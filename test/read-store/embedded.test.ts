import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { openEmbeddedReadStore } from '../../read-store/embedded.js'
import { Fenced } from '../../read-store/errors.js'
import type { Build, ReadStore } from '../../read-store/port.js'
import { openDatabase } from '../../sqlite/driver.js'
import { readStoreContract } from '../contract/read-store.js'
import { collections, counterUnit, disagreements, projection } from './counters.js'
import { openEmbedded } from './open-embedded.js'

readStoreContract('embedded', openEmbedded)

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

void t.test('two processes take turns in writing one build, fenced by its checkpoint', async (t) => {
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

void t.test('a promotion by another process is seen by the next call of live', async (t) => {
  const { store, again } = await opened(t)
  const build = await store.create(projection, 1, collections)
  await store.promote(build)
  t.equal(await store.live(projection), await store.live(projection), 'the same object while nothing changes')
  const other = await again()
  const next = await other.create(projection, 2, collections)
  await other.promote(next, { build, at: 0 })
  t.equal((await store.live(projection))?.version, 2)
})

void t.test('a stale build is fenced, not missing its tables', async (t) => {
  const { store } = await opened(t)
  const old = await store.create(projection, 1, collections)
  await store.promote(old)
  await old.commit(counterUnit(0))
  await old.getMany('counters', ['counter 1'])
  await store.promote(await store.create(projection, 2, collections), { build: old, at: 1 })
  const reads: (() => Promise<unknown>)[] = [
    () => old.getMany('counters', ['counter 1']),
    () => old.getMany('counters', ['counter 1', 'counter 2']),
    () => old.page('counters', { index: 'byCheckpoint', limit: 1 }),
    () => old.page('latest', { limit: 1 }),
    () => old.count('latest'),
    () => old.snapshot(),
  ]
  for (const read of reads) await t.rejects(read, { code: 'fenced' })
})

void t.test('several handles open one new folder at once', async (t) => {
  const { folder, cleanUp, store } = await openEmbedded()
  t.teardown(cleanUp)
  await store.close()
  const fresh = `${folder}-fresh`
  const stores = await Promise.all(Array.from({ length: 6 }, () => openEmbeddedReadStore(fresh)))
  const [first, second] = stores
  await first!.promote(await first!.create(projection, 1, collections))
  t.ok(await second!.live(projection))
  await Promise.all(stores.map((store) => store.close()))
})

void t.test(
  'the build of a process that died is removed by the next rebuild, that of a living one is not',
  async (t) => {
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
    const script = `
    const { openEmbeddedReadStore } = await import(${JSON.stringify(import.meta.resolve('../../read-store/embedded.js'))})
    const store = await openEmbeddedReadStore(${JSON.stringify(folder)})
    await store.create('${projection}', 1, ${JSON.stringify(collections)})
    await store.create('another', 1, ${JSON.stringify(collections)})
    process.kill(process.pid, 'SIGKILL')`
    await once(spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' }), 'exit')
    t.equal(tables(), 6)
    const next = await store.create(projection, 1, collections)
    t.equal(tables(), 6, 'one build went, one came; that of another projection stays')
    await mine.commit(counterUnit(0))
    await next.commit(counterUnit(0))
    t.same(await disagreements(mine), [])
  },
)

void t.test('scratch folders of dead processes are removed when the store is opened', async (t) => {
  const { folder, store, again } = await opened(t)
  const scratch = await store.scratch()
  const script = `
    const { openEmbeddedReadStore } = await import(${JSON.stringify(import.meta.resolve('../../read-store/embedded.js'))})
    const store = await openEmbeddedReadStore(${JSON.stringify(folder)})
    await store.scratch()
    process.kill(process.pid, 'SIGKILL')`
  await once(spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' }), 'exit')
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
