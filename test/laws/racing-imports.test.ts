import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { openEmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import { temporaryFolder, wholeLog } from '../projections/tidemark.js'

// Processes take longer to start than tap allows a file, on a busy machine.
t.setTimeout(240_000)
const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url))
const records = 15_000
const rounds = 3

void t.test('law 2: processes that race for one file bring every record once', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'records.csv')
  for (let round = 0; round < rounds; round++) {
    // Three processes: whoever comes last claims the file, and the others are told.
    const lines = Array.from(
      { length: records },
      (_, n) => `r${n};2020-01-10T00:00:00Z;${n % 97}${round};${n}\n`,
    )
    writeFileSync(path, lines.join(''))
    const data = join(folder, `data-${round}`)
    const outcomes = await Promise.all([1, 2, 3].map(() => importing(path, data)))
    for (const { code, output } of outcomes) {
      if (code === 0) t.match(JSON.parse(output), { read: records, ignored: 0, rejected: 0 })
      else t.match(output, /another import has taken this source over/, 'fenced, and nothing else')
    }
    t.ok(
      outcomes.some(({ code }) => code === 0),
      `round ${round}: ended with ${outcomes.map(({ code }) => code).join(', ')}`,
    )
    await check(t, data)
  }
})

/** Every record is there once, each stream has gapless revisions, and the file was completed once. */
async function check(
  t: { equal(a: unknown, b: unknown, message: string): unknown },
  data: string,
): Promise<void> {
  const eventStore = openEmbeddedEventStore(data)
  const log = await wholeLog(eventStore)
  await eventStore.close()
  const facts = log.filter(({ type }) => type === 'DataRecorded')
  t.equal(facts.length, records, 'every record is there')
  t.equal(new Set(log.map(({ id }) => id)).size, log.length, 'no id is there twice')
  const next = new Map<string, number>()
  const gaps = log.filter(({ stream, revision }) => {
    const expected = next.get(stream) ?? 0
    next.set(stream, expected + 1)
    return revision !== expected
  })
  t.equal(gaps.length, 0, 'revisions have no gaps')
  t.equal(log.filter(({ type }) => type === 'SourceCompleted').length, 1, 'one of them completed it')
}

async function importing(path: string, data: string): Promise<{ code: number | null; output: string }> {
  const args = ['import', 'data-records', path, '--no-wait', '--json', '--data', data]
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}
