import t from 'tap'
import { compose, dockerfile, services, textOf, version } from './deployed-files.js'
import { containers, kustomizations } from './manifests.js'

void t.test('every image is one version', async (t) => {
  const exact = /^[\w./-]+:v?\d+\.\d+\.\d+(-[\w.-]+)?$/
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image!)
  t.ok(bases.length > 1)
  for (const image of bases.concat(services.map(([, service]) => service.image))) t.match(image, exact)
  t.equal(new Set(bases).size, 1, 'what is built runs on what it was built with')
  t.equal(compose.services.app?.image, `tidemark:${version}`)
  for (const { name, image } of containers) t.equal(image, `tidemark:${version}`, name)
  for (const { images = [] } of kustomizations) for (const { newTag } of images) t.equal(newTag, version)
  const of = (name: string) => compose.services[name]?.image
  t.equal(of('kafka-topics'), of('kafka'), 'one download')
})

void t.test('the image runs as nobody special, and checks its health by itself', async (t) => {
  const [, final = ''] = dockerfile.split(/^FROM .*\n(?![\s\S]*^FROM )/m)
  t.match(final, /^USER 1000:1000$/m)
  t.match(final, /^HEALTHCHECK [\s\S]*?CMD \["node", /m)
  t.match(final, /^ENTRYPOINT \["tini", "--", "tidemark"\]$/m)
  t.notMatch(final, /npm|curl|wget|^VOLUME/m)
})

void t.test('the image is made of what the program is made of', async (t) => {
  const { include } = JSON.parse(textOf('tsconfig.json')) as { include: string[] }
  const [everything, ...allowed] = textOf('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  t.equal(everything, '*')
  const folders = include.filter((folder) => folder !== 'test' && folder !== 'bench')
  const files = ['package.json', 'package-lock.json', 'tsconfig.json', 'LICENSE']
  t.same(allowed.sort(), [...files, ...folders].map((name) => `!${name}`).sort())
})

void t.test('docker compose publishes on loopback only', async (t) => {
  const ports = services.flatMap(([, service]) => service.ports ?? [])
  t.ok(ports.includes('127.0.0.1:3000:3000') && ports.includes('127.0.0.1:2113:2113'))
  for (const port of ports) t.match(port, /^127\.0\.0\.1:\d+:\d+$/)
  t.equal(new Set(ports.map((port) => port.split(':')[1])).size, ports.length, 'each port once')
})

void t.test('docker compose starts in order', async (t) => {
  for (const [name, service] of services) {
    for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
      const other = compose.services[needed]
      t.ok(other && !other.profiles, `${name} needs ${needed}, which always runs`)
      if (condition === 'service_healthy') t.ok(other?.healthcheck, `${needed} has a health check`)
      else t.equal(condition, 'service_completed_successfully', `${needed} ends by itself`)
    }
    const healthy = service.healthcheck ?? service.build ?? name === 'kafka-topics'
    t.ok(healthy, `${name} says when it is ready`)
    for (const volume of service.volumes ?? []) t.ok(volume.split(':')[0]! in compose.volumes, volume)
  }
  const { app } = compose.services
  t.same(Object.keys(app?.depends_on ?? {}).sort(), ['eventstoredb', 'kafka', 'kafka-topics', 'mongodb'])
  t.same(
    services
      .filter(([, { profiles }]) => profiles)
      .map(([name]) => name)
      .sort(),
    ['kafka-ui', 'schema-registry'],
  )
})
