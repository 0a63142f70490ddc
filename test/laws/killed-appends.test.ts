import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { openEmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import { assertGapless, everything } from '../contract/event-store/events.js'

const kills = 40
// So many processes take longer than tap allows a file, on a busy machine.
t.setTimeout(240_000)
const program = fileURLToPath(new URL('./append-forever.js', import.meta.url))

void t.test(`law 1: what was acknowledged survives ${kills} kills`, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-killed-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const acknowledged = new Set<string>()
  for (let kill = 0; kill < kills; kill++) {
    await appendUntilKilled(folder, 1 + Math.floor(Math.random() * 60), acknowledged)
    await check(t, folder, acknowledged, kill)
  }
  t.ok(acknowledged.size > kills)
})

/** Kills the writer after so many answers, in the middle of whatever it does then. */
async function appendUntilKilled(folder: string, answers: number, acknowledged: Set<string>): Promise<void> {
  const writer = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(writer, 'exit')
  let seen = 0
  for await (const line of createInterface({ input: writer.stdout })) {
    // A line cut by the kill is not an answer that anybody got.
    for (const id of line.split(' ')) if (id.length === 36) acknowledged.add(id)
    if (++seen === answers) writer.kill('SIGKILL')
  }
  await exited
}

async function check(
  t: Test,
  folder: string,
  acknowledged: ReadonlySet<string>,
  kill: number,
): Promise<void> {
  const store = openEmbeddedEventStore(folder)
  const log = await everything(store, 1_000)
  const ids = new Set(log.map(({ id }) => id))
  t.equal(ids.size, log.length, `kill ${kill}: no id is there twice`)
  t.ok(
    [...acknowledged].every((id) => ids.has(id)),
    `kill ${kill}: all of ${acknowledged.size} are there`,
  )
  assertGapless(t, log)
  for (const { stream, revision } of await store.streams({ limit: 100 })) {
    const events = await store.readStream(stream, { limit: revision + 1 })
    const expected = log.filter((event) => event.stream === stream)
    t.strictSame(
      events.map(({ position }) => position),
      expected.map(({ position }) => position),
      `kill ${kill}: ${stream} reads as it stands in the log`,
    )
  }
  await store.close()
}
