import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { tidemark } from './tidemark-command.js'

t.setTimeout(180_000)

const line = (id: string) => `${id};2020-01-10T00:00:00Z;48100200300;10\n`

/** A folder with three records in its log, and commands over it. */
async function imported(t: Test, ...options: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-rebuilding-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'records.csv')
  writeFileSync(file, line('a') + line('b') + line('c'))
  const run = (...args: string[]) => tidemark(folder, {}, ...args)
  t.equal((await run('import', 'data-records', file, ...options)).code, 0)
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args, '--json')
    t.equal(code, 0, stderr)
    return JSON.parse(stdout) as unknown
  }
  return { folder, file, run, json }
}

void t.test('a rebuild goes to the end of the log where nothing was built', async (t) => {
  const { json } = await imported(t, '--no-wait')
  t.match(await json('rebuild', 'data-plans'), [{ name: 'data-plans', events: 3, documents: 2 }])
  t.match(await json('verify'), { documents: 2, differences: [] })
})

void t.test('and where what was built lags behind, unless somebody else is at it', async (t) => {
  const { file, run, json } = await imported(t)
  appendFileSync(file, line('d'))
  t.equal((await run('import', 'data-records', file, '--no-wait')).code, 0)
  t.match(await json('rebuild', 'data-plans'), [{ name: 'data-plans', events: 4 }])
})

void t.test('a file that is no database is told by its name, and a folder that is none', async (t) => {
  const { folder, file, run } = await imported(t, '--no-wait')
  const models = join(folder, 'data', 'read-models.db')
  for (const end of ['', '-wal', '-shm']) rmSync(models + end, { force: true })
  writeFileSync(models, 'x'.repeat(8_192))
  t.match(await run('projections'), { code: 1, stderr: `${models} is not a database` })
  t.match(await run('projections', '--data', file), { code: 2, stderr: `${file}, which is no folder` })
})

void t.test('what was never built is built before it is verified', async (t) => {
  const { json } = await imported(t, '--no-wait')
  t.match(await json('verify'), { documents: 2, differences: [] })
})
