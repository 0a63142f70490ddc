import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { problems } from '../../api/problem.js'
import { faultCodes } from '../../domain/fault.js'

/** The sources beside the compiled tests: `dist/test/api` → the project. */
const compiled = fileURLToPath(new URL('../..', import.meta.url))
const table = fileURLToPath(new URL('../../../docs/errors.md', import.meta.url))
const layers = [
  'domain',
  'sqlite',
  'event-store',
  'read-store',
  'commands',
  'projections',
  'bridge',
  'api',
  'cli',
]

void t.test('docs/errors.md lists every code, and no other', async (t) => {
  const text = readFileSync(table, 'utf8')
  const listed = new Set([...text.matchAll(/^\| `([a-z0-9-]+)`/gm)].map(([, code]) => code!))
  const thrown = layers.flatMap((layer) => codesThrownIn(join(compiled, layer)))
  const more = ['conflicting-duplicate', 'unknown-kind']
  const known = new Set([...Object.keys(problems), ...Object.keys(faultCodes), ...thrown, ...more])
  t.same([...listed].sort(), [...known].sort())
  for (const [code, { status }] of Object.entries(problems)) {
    t.match(text, new RegExp(`^\\| \`${code}\` +\\| ${status} `, 'm'), `${code} is answered with ${status}`)
  }
})

/** The codes of the error classes in a folder of compiled sources. */
function codesThrownIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .flatMap((name) => [...readFileSync(join(folder, name), 'utf8').matchAll(/^\s+code = '([a-z0-9-]+)'/gm)])
    .map(([, code]) => code!)
}
