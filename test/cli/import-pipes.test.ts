import { execFile, execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { tidemark } from './tidemark-command.js'

const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

t.setTimeout(120_000)

void t.test('whatever is no regular file is read once, as standard input is', async (t) => {
  const folder = t.testdir()
  execFileSync('mkfifo', [join(folder, 'pipe')])
  // No process has this number.
  await mkdir(join(folder, 'data'))
  await writeFile(join(folder, 'data', `stdin-4194305-${randomUUID()}`), 'of a process that was killed')
  const imported = tidemark(folder, {}, 'import', 'data-records', 'pipe', '--json')
  await writeFile(join(folder, 'pipe'), 'nonsense\n')
  t.match(JSON.parse((await imported).stdout), { read: 1, rejected: 1 })

  const piped = await new Promise<string>((resolve) => {
    const args = ['import', 'data-records', '/dev/stdin', '--json', '--data', join(folder, 'data')]
    const child = execFile(process.execPath, [program, ...args], { cwd: folder }, (_, stdout) =>
      resolve(stdout),
    )
    child.stdin?.end('nonsense\nmore of it\n')
  })
  t.match(JSON.parse(piped), { read: 2, rejected: 2 })

  t.match(await tidemark(folder, {}, 'import', 'data-records', '/dev/null', '--json'), {
    code: 0,
    stdout: /"read": 0/,
  })
  t.same(
    readdirSync(join(folder, 'data')).filter((name) => name.startsWith('stdin-')),
    [],
    'no copy is left',
  )
})
