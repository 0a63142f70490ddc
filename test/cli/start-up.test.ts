import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { tidemark } from './tidemark-command.js'

t.setTimeout(180_000)

/** Tells on standard error, one a line, which modules are loaded: by the process that imports it, and by its threads. */
const teller = moduleOf(`
  import { register } from 'node:module'
  register(${JSON.stringify(
    moduleOf(`
      import { writeSync } from 'node:fs'
      export async function resolve(specifier, context, next) {
        const resolved = await next(specifier, context)
        writeSync(2, 'loaded ' + resolved.url + '\\n')
        return resolved
      }`),
  )})`)

void t.test('a build can be started by its name', { skip: process.platform === 'win32' }, async (t) => {
  const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url))
  const { stdout } = await promisify(execFile)(program, ['--version'])
  t.match(stdout, /^\d+\.\d+\.\d+\n$/)
})

void t.test('only commands that take records in load schemas', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-start-up-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const loadedBy = async (...args: string[]) => {
    const { stderr } = await tidemark(folder, { NODE_OPTIONS: `--import ${teller}` }, ...args)
    return stderr.split('\n').filter((line) => line.startsWith('loaded '))
  }
  const schemas = /\/node_modules\/typebox\//

  for (const [command, module] of [
    ['--version', /\/cli\/version\.js$/],
    ['projections', /\/projections\/index\.js$/],
    ['verify', /\/running\/verify\.js$/],
    // It starts the thread of the projections.
    ['advance-clock 2020-01-01T00:00Z', /\/cli\/projector-thread\.js$/],
  ] as const) {
    const loaded = await loadedBy(...command.split(' '))
    t.ok(
      loaded.some((line) => module.test(line)),
      `${command} loads its modules`,
    )
    t.same(
      loaded.filter((line) => schemas.test(line)),
      [],
      `${command} loads no schemas`,
    )
  }
  const loaded = await loadedBy('import', 'agreements', 'no-such-file')
  t.ok(
    loaded.some((line) => schemas.test(line)),
    'import loads them',
  )
})

function moduleOf(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`
}
