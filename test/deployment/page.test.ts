import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { compose, root, services, textOf, version } from './deployed-files.js'
import { containers } from './manifests.js'

void t.test('the page on deployment speaks of what there is', async (t) => {
  const page = textOf('docs/deployment.md')
  const all = (pattern: RegExp) => [...page.matchAll(pattern)].map(([, found]) => found!)
  const used = all(/docker compose (?:exec|stop)(?: -T)? (\S+)/g)
  t.ok(used.includes('app') && used.includes('kafka'))
  for (const name of used) t.ok(compose.services[name], `the service ${name}`)
  const profiles = services.flatMap(([, service]) => service.profiles ?? [])
  t.same(all(/--profile (\S+)/g).sort(), profiles.sort())
  const published = services.flatMap(([, { ports = [] }]) => ports.map((port) => port.split(':')[1]))
  for (const port of all(/127\.0\.0\.1:(\d+)/g)) t.ok(published.includes(port), `the port ${port}`)
  for (const path of all(/(deploy\/[\w/]+)/g)) t.ok(readdirSync(join(root, path)).length > 0, path)
  const references = containers.flatMap(({ env }) => env.map(({ valueFrom }) => valueFrom?.secretKeyRef))
  for (const { name, key } of references.filter((reference) => reference !== undefined)) {
    t.match(page, new RegExp(`\\| \`${name}\` +\\|.*\`${key}\``), `the Secret ${name} and its key ${key}`)
  }
  t.match(page, `tidemark:${version}`)
})
