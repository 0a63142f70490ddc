import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { compose, dockerfile, root, textOf } from './deployed-files.js'
import { containers, kubernetes, kustomizations, manifestFiles, ofKind } from './manifests.js'

/** Node's own. */
const ofNode = ['NODE_ENV', 'NODE_EXTRA_CA_CERTS']

void t.test('no secret is committed', async (t) => {
  t.same(ofKind('Secret'), [])
  const files = [
    'docker-compose.yml',
    'Dockerfile',
    '.github/workflows/ci.yml',
    ...manifestFiles.map((file) => join(kubernetes, file)),
  ].concat(
    readdirSync(join(root, kubernetes, 'base'))
      .filter((name) => name.endsWith('.env'))
      .map((name) => join(kubernetes, 'base', name)),
  )
  t.ok(files.some((file) => file.endsWith('kafka.env')))
  for (const file of files) {
    t.notMatch(textOf(file), /:\/\/[^\s/@]+:[^\s/@]+@/, `${file} has no address with a password`)
    t.notMatch(textOf(file), /BEGIN [A-Z ]*PRIVATE KEY/, file)
  }
  for (const [name, value] of settings().filter(([name]) => /PASSWORD|SECRET|TOKEN|USERNAME/.test(name))) {
    t.equal(value, undefined, `${name} comes from a Secret`)
  }
  for (const { env } of containers) {
    for (const { name, value, valueFrom } of env) {
      t.equal(value, undefined, name)
      t.ok(valueFrom?.secretKeyRef, `${name} comes from a Secret`)
    }
  }
})

void t.test('every setting is one that the program has', async (t) => {
  const folder = join(root, 'cli')
  const source = readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n')
  const known = (name: string) => new RegExp(`\\b${name}\\b`).test(source)
  const names = new Set(settings().map(([name]) => name))
  t.ok(names.has('EVENTSTOREDB_URL') && names.has('KAFKA_SASL_PASSWORD') && names.has('HOST'))
  for (const name of names) {
    if (!ofNode.includes(name)) t.ok(known(name), `${name} is a setting`)
  }
})

/** What the files set for the program; a value that comes from elsewhere is undefined. */
function settings(): (readonly [name: string, value: string | undefined])[] {
  const [, block = ''] = /^ENV ((?:.*\\\n)*.*)$/m.exec(dockerfile) ?? []
  const pairs = (lines: readonly string[]) =>
    lines
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.split('=', 1)[0]!, line.slice(line.indexOf('=') + 1)] as const)
  return [
    ...pairs(block.split('\\\n')),
    ...Object.entries(compose.services.app?.environment ?? {}),
    ...containers.flatMap(({ env }) => env.map(({ name, value }) => [name, value] as const)),
    ...kustomizations.flatMap(({ folder, configMapGenerator }) =>
      configMapGenerator.flatMap(({ envs = [], literals = [] }) => [
        ...pairs(literals),
        ...envs.flatMap((file) => pairs(textOf(join(folder, file)).split('\n'))),
      ]),
    ),
  ]
}
