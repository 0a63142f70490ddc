import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { tidemark } from './tidemark-command.js'

t.setTimeout(120_000)

/** With the billing time zone in the environment, or without one. */
function inZone(folder: string, BILLING_TIME_ZONE: string | undefined, ...args: string[]) {
  return tidemark(folder, { BILLING_TIME_ZONE }, ...args)
}

void t.test('BILLING_TIME_ZONE is checked, becomes a fact, and cannot become another', async (t) => {
  const folder = t.testdir()
  const bad = await inZone(folder, 'Mars/Base', 'streams')
  t.match(bad, { code: 2, stderr: /BILLING_TIME_ZONE is "Mars\/Base": .*Europe\/Warsaw/, stdout: '' })
  const looked = await inZone(folder, 'Asia/Tokyo', 'streams', '--json')
  t.match(looked, { code: 0, stdout: '[]\n' }, 'a command that only reads writes nothing')
  // In Warsaw it is February already.
  writeFileSync(join(folder, 'events'), `${Date.parse('2020-01-31T23:30:00Z')},Emma,1.00,DATA\n`)
  const imported = await inZone(folder, 'Europe/Warsaw', 'import', 'billable-events', 'events', '--no-wait')
  t.equal(imported.code, 0)
  const refused = await inZone(folder, 'UTC', 'import', 'billable-events', 'events')
  t.match(refused, { code: 1, stdout: '', stderr: /^tidemark: .* billed in Europe\/Warsaw: .*\n$/ })
  t.notMatch(refused.stderr, /at .*\.js/)
  const again = await inZone(folder, undefined, 'import', 'billable-events', 'events', '--json')
  t.match(JSON.parse(again.stdout), { appended: 0, duplicates: 1 })
  const stream = await inZone(folder, undefined, 'stream', 'clock-billing')
  t.match(stream.stdout, /^0 {2}@1 .*BillingTimeZoneSet {2}\{"zone":"Europe\/Warsaw"\}\n$/)
  const verified = await inZone(folder, 'europe/warsaw', 'verify', '--json')
  t.match(JSON.parse(verified.stdout), { differences: [] })
})
