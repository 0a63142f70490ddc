import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { tidemark } from './tidemark-command.js'

t.setTimeout(120_000)

const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

/** What `demo --json` says, as far as it is looked at here. */
interface Demo {
  readonly billing: {
    readonly imported: object
    readonly months: readonly { customer: string; month: string; totalCents: number }[]
    readonly asKnown: boolean
  }
  readonly differences: readonly unknown[]
}

void t.test('the demo shows live billing with the sums that the sample was made to come to', async (t) => {
  const folder = t.testdir()
  const { stdout } = await promisify(execFile)(process.execPath, [
    program,
    'demo',
    '--json',
    '--data',
    folder,
  ])
  const { billing, differences } = JSON.parse(stdout) as Demo
  t.match(billing.imported, { read: 318, appended: 240, duplicates: 78, rejected: 0 })
  t.equal(billing.asKnown, true)
  t.same(
    billing.months.filter(({ customer }) => customer === 'Emma').map(({ totalCents }) => totalCents),
    [1001, 1002, 1003],
  )
  t.same(differences, [])
})

void t.test('the demo says how its data is served', async (t) => {
  const folder = t.testdir()
  t.match(await tidemark(folder, {}, 'demo'), { code: 0, stdout: /Next: npm start, then http/ })
  const elsewhere = await tidemark(folder, {}, 'demo', '--data', 'elsewhere')
  t.match(elsewhere, { code: 0, stdout: `Next: npm start -- --data ${join(folder, 'elsewhere')}, then http` })
})
