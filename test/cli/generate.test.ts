import { readdirSync } from 'node:fs'
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
