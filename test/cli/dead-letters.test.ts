import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { tidemark } from './tidemark-command.js'

t.setTimeout(180_000)

interface Listed {
  readonly id: string
}

void t.test('dead letters on the command line', async (t) => {
  const folder = t.testdir()
  const run = (...args: string[]) => tidemark(folder, {}, ...args)
  const large = 'x'.repeat(800_000)
  const bad = Buffer.concat([
    Buffer.from('nonsense\n'),
    Buffer.from([0xff, 0x0a]),
    Buffer.from(`${large}\n{"a":1}\n`),
  ])
  writeFileSync(join(folder, 'bad.csv'), bad)
  t.match(JSON.parse((await run('import', 'data-records', 'bad.csv', '--json')).stdout), { rejected: 4 })
  const again = await run('import', 'data-records', 'bad.csv', '--json')
  t.same(
    JSON.parse(again.stdout),
    { read: 4, appended: 0, duplicates: 0, ignored: 0, rejected: 4 },
    'what is bad is bad again',
  )
  const { stdout: listed } = await run('dead-letters', 'list', '--json')
  const letters = JSON.parse(listed) as Listed[]
  t.equal(letters.length, 4, 'and is one dead letter')
  t.match(letters[2], { reason: 'record-too-large', size: large.length })

  await t.test('common options stand before or behind the name of the command', async (t) => {
    const data = join(folder, 'data')
    for (const args of [
      ['--data', data, 'list', '--json'],
      ['--json', '--data', data],
      ['--json', 'list', '--data', data],
      ['list', '--json', `--data=${data}`],
    ]) {
      const ran = await tidemark(folder, { TIDEMARK_DATA: 'elsewhere' }, 'dead-letters', ...args)
      t.equal(ran.stdout, listed, `dead-letters ${args.join(' ')} ${ran.stderr}`)
    }
    const sessions = await run('sessions', '--json', 'unresolved')
    t.match(sessions, { code: 0, stdout: '[]\n' })
    t.match(await run('dead-letters', 'unknown'), { code: 2 })
  })

  await t.test('they are exported to standard output, or to a new file', async (t) => {
    const output = join(folder, 'output')
    const exported = await run('dead-letters', 'export', '--out', output, '--json')
    t.same(JSON.parse(exported.stdout), { letters: 4, out: output })
    t.same(readFileSync(output), bad)
    t.match(await run('dead-letters', 'export', '--out', output), {
      code: 2,
      stderr: /is there already: name a new file/,
    })
    const printed = await run('dead-letters', 'export')
    t.same(printed, { code: 0, stdout: bad.toString(), stderr: '' })
    t.equal((await run('dead-letters', 'export', '--json')).stdout, listed)
    t.match(await run('dead-letters', 'export', '--kind', 'agreements'), { code: 0, stdout: '' })
  })

  await t.test('a retry says what it was of', async (t) => {
    const ran = await run('dead-letters', 'retry', letters[0]!.id, '--json')
    const { source, raw, at } = letters[0] as unknown as Record<string, string>
    t.equal(ran.code, 1)
    t.match(JSON.parse(ran.stdout), [
      {
        id: letters[0]!.id,
        recovered: false,
        reason: 'wrong-field-count',
        source,
        raw,
        at,
        encoding: 'utf8',
      },
    ])
  })

  await t.test('what cannot be retried hides nothing of what can', async (t) => {
    const { code, stdout, stderr } = await run('dead-letters', 'retry', 'unknown', letters[1]!.id, '--json')
    t.equal(code, 1)
    t.match(JSON.parse(stdout), [
      { id: 'unknown', recovered: false, reason: 'unknown-dead-letter' },
      { id: letters[1]!.id, recovered: false, reason: 'invalid-utf8' },
    ])
    t.match(stderr, /there is no dead letter unknown/)
  })
})
