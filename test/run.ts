import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'

/**
 * Runs the compiled tests, a few files a process, and one process more at a time than there are cores: some of them
 * wait for servers and for clocks. Arguments choose files by a part of their names. The last line counts.
 */

/** What a process loads, tap and half of the product, takes most of a second: so these share it. Not the laws, which are long. */
const filesAProcess = 6
/** The tests in all files of a process are to end within so many milliseconds. */
const timeout = 600_000

const here = fileURLToPath(new URL('.', import.meta.url))
const wanted = process.argv.slice(2)
// By their sources: of tests that are gone or have another name now, dist may still hold the compiled files.
const sources = fileURLToPath(new URL('../../test', import.meta.url))
const files = readdirSync(sources, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .map((name) => name.replace(/\.ts$/, '.js'))
  // The laws take longest: whatever starts last is to be short.
  .sort((a, b) => Number(b.startsWith('laws')) - Number(a.startsWith('laws')) || (a < b ? -1 : 1))

// Only the tests of the adapters use the servers (test/servers.ts); the program that tests start must not see them.
for (const name of ['EVENTSTOREDB_URL', 'MONGODB_URL', 'KAFKA_BROKERS']) {
  const { [name]: value } = process.env
  if (value) process.env[`TEST_${name}`] = value
  delete process.env[name]
}

// On a busy machine even a quick file may take longer than tap's half a minute.
process.env.TAP_TIMEOUT ??= '240'

// What a killed process wrote is with the system, so nothing here depends on the disk, but for the time that syncs take.
if (hasRoom('/dev/shm')) process.env.TMPDIR ??= '/dev/shm'

let passed = 0
let failed = 0
const events = run({ files: processesOf(files), concurrency: availableParallelism() + 1 })
events.on('test:pass', ({ details }) => {
  if (details.type !== 'suite') passed++
})
events.on('test:fail', ({ details }) => {
  if (details.type !== 'suite') failed++
})
const report = new spec()
events.pipe(report)
report.on('end', () => {
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0
})
report.pipe(process.stdout)

/** Whether a folder in memory can take what all tests write at one time, some hundred megabytes. */
function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize > 2 ** 30
  } catch {
    return false
  }
}

/** What is run as a process each: files that import some of a folder. */
function processesOf(files: readonly string[]): string[] {
  const folders = new Map<string, string[]>()
  for (const file of files) folders.set(dirname(file), [...(folders.get(dirname(file)) ?? []), file])
  const folder = join(here, 'processes')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const processes: string[] = []
  for (const [name, group] of folders) {
    const size = name === 'laws' ? 1 : filesAProcess
    for (let from = 0; from < group.length; from += size) {
      const path = join(folder, `${name === '.' ? 'test' : name}-${from}.js`)
      writeFileSync(path, importing(group.slice(from, from + size)))
      processes.push(path)
    }
  }
  return processes
}

function importing(files: readonly string[]): string {
  const imports = files.map((file) => `await import('../${file.replaceAll('\\', '/')}')\n`)
  return `import t from 'tap'\n${imports.join('')}t.setTimeout(${timeout})\n`
}
