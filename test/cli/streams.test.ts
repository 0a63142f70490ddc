import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { tidemark } from './tidemark-command.js'

t.setTimeout(180_000)

void t.test('whoever browses the log is told that there is more', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-streams-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const run = (...args: string[]) => tidemark(folder, {}, ...args)
  const lines = [1, 2, 3].map((n) => `${n},Emma,1.00,CALL\n`)
  writeFileSync(join(folder, 'events.csv'), lines.join(''))
  t.match(await run('import', 'billable-events', 'events.csv'), { code: 0 })

  await t.test('stream: the first events', async (t) => {
    const two = await run('stream', 'customer-Emma', '--limit', '2')
    t.match(two, { code: 0, stdout: /^0 [^\n]*\n1 [^\n]*\n$/ })
    t.equal(two.stderr, 'these are the first 2 of more: --limit N shows more\n')
    t.match(await run('stream', 'customer-Emma', '--limit', '3'), { stdout: /^2 /m, stderr: '' })
    t.equal((await run('stream', 'customer-Emma')).stderr, '')
  })

  await t.test('streams: the newest', async (t) => {
    const all = await run('streams', '--json')
    const streams = JSON.parse(all.stdout) as { stream: string }[]
    t.equal(all.stderr, '')
    const one = await run('streams', '--limit', '1', '--json')
    t.same(JSON.parse(one.stdout), streams.slice(0, 1))
    t.equal(one.stderr, 'these are the newest 1 of more: --limit N shows more\n')
    const limit = String(streams.length)
    t.match(await run('streams', '--limit', limit), { code: 0, stderr: '' })
  })

  await t.test('a limit is a whole number from 1', async (t) => {
    for (const limit of ['0', '-1', '1.5', 'all', '99999999999999999999']) {
      t.match(await run('streams', `--limit=${limit}`), { code: 2, stderr: /--limit is / }, limit)
    }
  })
})
