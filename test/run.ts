import { readdirSync, statfsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'

/**
 * Runs the compiled tests, a process a file, and one more at a time than there are cores: some of them wait for
 * servers and for clocks. Arguments choose files by a part of their names. The last line counts.
 */
const here = fileURLToPath(new URL('.', import.meta.url))
const wanted = process.argv.slice(2)
// By their sources: of tests that are gone or have another name now, dist may still hold the compiled files.
const sources = fileURLToPath(new URL('../../test', import.meta.url))
const files = readdirSync(sources, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  // The laws take longest: whatever starts last is to be short.
  .sort((a, b) => Number(b.startsWith('laws')) - Number(a.startsWith('laws')) || (a < b ? -1 : 1))
  .map((name) => join(here, name.replace(/\.ts$/, '.js')))

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
const events = run({ files, concurrency: availableParallelism() + 1 })
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
