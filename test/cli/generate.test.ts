import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { tidemark } from './tidemark-command.js'

void t.test('billing wants an event for each customer in each month', async (t) => {
  const folder = t.testdir()
  const generate = (events: number) => {
    const size = ['--customers', '4', '--months', '3', '--events', String(events)]
    return tidemark(folder, {}, 'generate', 'billing', ...size, '--out', 'billing')
  }
  t.match(await generate(11), { code: 2, stdout: '', stderr: /--events is 11: it takes at least 12,/ })
  t.same(readdirSync(folder), [], 'nothing was written')
  t.match(await generate(12), { code: 0, stdout: /^\w+ +2020-03 +40\.03$/m })
})

void t.test('billing of few events has fewer months, where nobody says how many', async (t) => {
  const generate = (events: number) => {
    const size = ['--customers', '4', '--events', String(events), '--seed', '0']
    return tidemark(t.testdir(), {}, 'generate', 'billing', ...size, '--out', 'billing', '--json')
  }
  t.match(await generate(3), { code: 2, stderr: /--events is 3: it takes at least 4, one for each of 4/ })
  for (const [events, months] of [
    [7, 1],
    [100, 3],
  ] as const) {
    const { stdout } = await generate(events)
    t.match(JSON.parse(stdout), { records: events })
    const files = readdirSync(join(t.testdirName, 'billing/billable-events'))
    t.equal(files.filter((name) => !name.includes('again')).length, months)
  }
})
