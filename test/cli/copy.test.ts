import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import type { NewEvent } from '../../domain/event.js'
import { openEmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import { openEventStoreDb } from '../../event-store/eventstoredb/eventstoredb.js'
import type { EventStore } from '../../event-store/port.js'
import { event, everything } from '../contract/event-store/events.js'
import { eventStoreDbUrl, ownName } from '../servers.js'

t.setTimeout(120_000)
const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url))
const url = await eventStoreDbUrl()
if (url !== undefined) copyTests(url)

function copyTests(url: string): void {
  void t.test('a copy is what the log was, and another copying brings what came since', async (t) => {
    const { folder, source, namespace, target } = await given(t, url)
    await fill(source, 400)
    t.match(await copied(folder, url, namespace), { copied: 400, events: 400, streams: 31 })
    t.strictSame(await comparable(target), await comparable(source))
    t.match(await copied(folder, url, namespace), { copied: 0, events: 400, streams: 31 })
    await fill(source, 50)
    t.match(await copied(folder, url, namespace), { copied: 50, events: 450 })
    t.strictSame(await comparable(target), await comparable(source))
    const [first] = await everything(source)
    t.equal((await target.append([first!])).events[0]?.duplicate, true, 'it is a log like any other')
  })

  void t.test('a copying that is killed goes on where it was', async (t) => {
    const { folder, source, namespace, target } = await given(t, url)
    await fill(source, 2_000)
    let kills = 0
    for (const share of [0.2, 0.5, 0.8]) {
      const copying = spawn(process.execPath, [program, ...argumentsOf(folder, url, namespace)], {
        stdio: 'ignore',
      })
      const middle = new AbortController()
      const exit = once(copying, 'exit').finally(() => middle.abort())
      let seen = 0
      for await (const page of target.follow({ after: 0, limit: 500 }, middle.signal)) {
        seen += page.events.length
        if (seen >= share * 2_000) middle.abort()
      }
      copying.kill('SIGKILL')
      const [, signal] = (await exit) as [number | null, string | null]
      if (signal === 'SIGKILL') kills++
    }
    t.ok(kills > 0, `it was killed ${kills} times`)
    const { copied: rest, events } = await copied(folder, url, namespace)
    t.equal(events, 2_000)
    t.ok(rest < 2_000)
    t.strictSame(await comparable(target), await comparable(source))
  })

  void t.test('refuses a target that holds other events', async (t) => {
    const { folder, source, namespace, target } = await given(t, url)
    await fill(source, 20)
    await target.append([event('other')])
    const refused = await run(argumentsOf(folder, url, namespace))
    t.equal(refused.code, 1)
    t.match(refused.errors, /^tidemark: the target holds events that are not in the log.*other.*\n$/)
    t.equal((await everything(target)).length, 1)

    const last = (await everything(source)).at(-1)!
    await target.append([...filler(last.stream, last.revision), last])
    const differs = await run(argumentsOf(folder, url, namespace))
    t.equal(differs.code, 1)
    t.match(differs.errors, /^tidemark: the target differs at event 1 .*\n$/)
  })

  void t.test('says what it cannot copy', async (t) => {
    const { folder, namespace } = await given(t, url)
    const nowhere = await run(argumentsOf(join(folder, 'nowhere'), url, namespace))
    t.match(nowhere, { code: 1, output: '', errors: /there is no log in/ })
    const wrong = await run(argumentsOf(folder, 'esdb://admin:secret@localhost?nonsense=1', namespace))
    t.match(wrong, { code: 2, output: '', errors: /no option "nonsense"/ })
    t.notMatch(wrong.errors, /secret/)
    t.match(await run(['copy', '--from', folder]), { code: 2, output: '' })
  })
}

/** A log to be copied, and where to. */
async function given(t: Test, url: string) {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-copy-'))
  const namespace = ownName()
  const source = openEmbeddedEventStore(folder)
  const target = await openEventStoreDb({ url, namespace })
  t.teardown(async () => {
    await source.close()
    await target.close()
    await rm(folder, { recursive: true })
  })
  return { folder, source, namespace, target }
}

/** Events of many kinds, in runs of one stream and in turns. */
async function fill(log: EventStore, count: number): Promise<void> {
  const events: NewEvent[] = Array.from({ length: count }, (_, i) => ({
    ...event(`stream-${i % 100 < 30 ? 0 : 1 + (i % 30)}`, i),
    data: { number: i, text: 'ą"\\\n🌊'.repeat(i % 5), nothing: null, list: [1, { a: [] }] },
    metadata:
      i % 2 === 0
        ? {}
        : { correlationId: event('x').id, causationId: event('x').id, source: `file:abc#${i}` },
  }))
  for (let from = 0; from < count; from += 700) await log.append(events.slice(from, from + 700))
}

/** Other events for the revisions of a stream before one. */
function filler(stream: string, revision: number): NewEvent[] {
  return Array.from({ length: revision }, () => event(stream))
}

/** All that a log holds, but for the positions. */
async function comparable(log: EventStore) {
  return (await everything(log, 1_000)).map((event) => ({ ...event, position: 0 }))
}

function argumentsOf(folder: string, url: string, namespace: string): string[] {
  return ['copy', '--from', folder, '--to', url, '--namespace', namespace, '--json']
}

async function copied(folder: string, url: string, namespace: string) {
  const { code, output, errors } = await run(argumentsOf(folder, url, namespace))
  if (code !== 0) throw new Error(errors)
  return JSON.parse(output) as { copied: number; events: number; streams: number; seconds: number }
}

async function run(
  args: readonly string[],
): Promise<{ code: number | null; output: string; errors: string }> {
  const program_ = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [output, errors, [code]] = await Promise.all([
    text(program_.stdout),
    text(program_.stderr),
    once(program_, 'exit') as Promise<[number | null]>,
  ])
  return { code, output, errors }
}
