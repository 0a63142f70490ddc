import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

t.setTimeout(120_000)

const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

/** Runs a command in a folder, with the billing time zone in its environment or without one. */
function tidemark(folder: string, zone: string | undefined, ...args: string[]) {
  const { BILLING_TIME_ZONE, ...env } = process.env
  const set = zone === undefined ? env : { ...env, BILLING_TIME_ZONE: zone }
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const options = { cwd: folder, env: { ...set, TIDEMARK_DATA: 'data' } }
    execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    )
  })
}

void t.test('BILLING_TIME_ZONE is checked, becomes a fact, and cannot become another', async (t) => {
  const folder = t.testdir()
  const bad = await tidemark(folder, 'Mars/Base', 'streams')
  t.match(bad, { code: 2, stderr: /BILLING_TIME_ZONE is "Mars\/Base": .*Europe\/Warsaw/, stdout: '' })
  // In Warsaw it is February already.
  writeFileSync(join(folder, 'events'), `${Date.parse('2020-01-31T23:30:00Z')},Emma,1.00,DATA\n`)
  const imported = await tidemark(folder, 'Europe/Warsaw', 'import', 'billable-events', 'events', '--no-wait')
  t.equal(imported.code, 0)
  const refused = await tidemark(folder, 'UTC', 'import', 'billable-events', 'events')
  t.match(refused, { code: 1, stdout: '', stderr: /^tidemark: .* billed in Europe\/Warsaw: .*\n$/ })
  t.notMatch(refused.stderr, /at .*\.js/)
  const again = await tidemark(folder, undefined, 'import', 'billable-events', 'events', '--json')
  t.match(JSON.parse(again.stdout), { appended: 0, duplicates: 1 })
  const stream = await tidemark(folder, undefined, 'stream', 'clock-billing')
  t.match(stream.stdout, /^0 {2}@1 .*BillingTimeZoneSet {2}\{"zone":"Europe\/Warsaw"\}\n$/)
  const verified = await tidemark(folder, 'europe/warsaw', 'verify', '--json')
  t.match(JSON.parse(verified.stdout), { differences: [] })
})
