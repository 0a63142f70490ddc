import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'

/** The files that deploy Tidemark, held to the rules of docs/deployment.md and to the program that they start. */
const root = fileURLToPath(new URL('../..', import.meta.url))
const textOf = (path: string) => readFileSync(join(root, path), 'utf8')
const { version } = JSON.parse(textOf('package.json')) as { version: string }

/** Node's own. */
const ofNode = ['NODE_ENV', 'NODE_EXTRA_CA_CERTS']

interface Service {
  readonly image: string
  readonly build?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly profiles?: readonly string[]
}

const compose = parse(textOf('docker-compose.yml')) as {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}
const services = Object.entries(compose.services)
const dockerfile = textOf('Dockerfile')

interface Selector {
  readonly matchLabels: Readonly<Record<string, string>>
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
}

interface EnvironmentVariable {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } }
}

interface Container {
  readonly name: string
  readonly image: string
  readonly args: readonly string[]
  readonly env: readonly EnvironmentVariable[]
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly startupProbe: Probe
  readonly livenessProbe: Probe
  readonly readinessProbe: Probe
  readonly resources: { readonly requests: Record<string, string>; readonly limits: Record<string, string> }
  readonly securityContext: object
}

interface Deployment {
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly replicas: number
    readonly selector: Selector
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> }
      readonly spec: {
        readonly terminationGracePeriodSeconds: number
        readonly securityContext: object
        readonly topologySpreadConstraints: readonly { readonly labelSelector: Selector }[]
        readonly containers: readonly Container[]
      }
    }
  }
}

interface Kustomization {
  readonly resources: readonly string[]
  readonly patches?: readonly { readonly path: string }[]
  readonly images?: readonly { readonly name: string; readonly newTag: string }[]
  readonly configMapGenerator: readonly {
    readonly envs?: readonly string[]
    readonly literals?: readonly string[]
  }[]
}

const kubernetes = 'deploy/kubernetes'
const manifestFiles = readdirSync(join(root, kubernetes), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.yaml'))
  .sort()
const kustomizations = manifestFiles
  .filter((file) => file.endsWith('kustomization.yaml'))
  .map((file) => ({
    folder: join(kubernetes, dirname(file)),
    ...(parse(textOf(join(kubernetes, file))) as Kustomization),
  }))
const resources = manifestFiles
  .filter((file) => file.startsWith('base') && !file.endsWith('kustomization.yaml'))
  .flatMap((file) => parseAllDocuments(textOf(join(kubernetes, file))))
  .map(
    (document) => document.toJS() as { readonly kind: string; readonly metadata: { readonly name: string } },
  )
const ofKind = <T>(kind: string) => resources.filter((resource) => resource.kind === kind) as unknown as T[]
const deployments = ofKind<Deployment>('Deployment')
const containers = deployments.flatMap(({ spec }) => spec.template.spec.containers)

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

void t.test('Kubernetes: every file is part of something, and every part is a file', async (t) => {
  for (const { folder, resources, patches = [], configMapGenerator } of kustomizations) {
    const named = [
      ...resources,
      ...patches.map(({ path }) => path),
      ...configMapGenerator.flatMap(({ envs = [] }) => envs),
    ].filter((name) => !name.startsWith('..'))
    const there = readdirSync(join(root, folder)).filter((name) => name !== 'kustomization.yaml')
    t.same(named.sort(), there.sort(), folder)
  }
  t.same(deployments.map(({ metadata }) => metadata.name).sort(), [
    'tidemark-api',
    'tidemark-bridge',
    'tidemark-projector',
  ])
})

void t.test('Kubernetes: every Deployment is looked after', async (t) => {
  for (const { metadata, spec } of deployments) {
    const { template, selector } = spec
    const [container] = template.spec.containers
    const role = metadata.name.replace('tidemark-', '')
    t.same(container?.args, ['serve', '--roles', role])
    t.same(selector.matchLabels, template.metadata.labels)
    t.same(container?.startupProbe.httpGet, { path: '/health/live', port: 'http' })
    t.same(container?.livenessProbe.httpGet, { path: '/health/live', port: 'http' })
    t.same(container?.readinessProbe.httpGet, { path: '/health/ready', port: 'http' })
    t.match(container?.ports, [{ name: 'http', containerPort: 3000 }])
    t.match(container?.resources, { requests: { cpu: /\d/, memory: /\d/ }, limits: { memory: /\d/ } })
    t.same(container?.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    t.match(template.spec.securityContext, { runAsNonRoot: true, runAsUser: 1000 })
    t.ok(template.spec.terminationGracePeriodSeconds >= 60)
    t.ok(spec.replicas > 1)
    for (const { labelSelector } of template.spec.topologySpreadConstraints) t.same(labelSelector, selector)
  }
  const budgets = ofKind<{ spec: { selector: Selector; maxUnavailable: number } }>('PodDisruptionBudget')
  t.same(
    budgets.map(({ spec }) => spec.selector),
    deployments.map(({ spec }) => spec.selector),
  )
  const [service] = ofKind<{ spec: { selector: object; ports: { targetPort: string }[] } }>('Service')
  t.match(service?.spec.selector, { 'app.kubernetes.io/component': 'api' })
  t.equal(service?.spec.ports[0]?.targetPort, 'http')
})

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

void t.test('the workflow asks for little, and pins what it uses', async (t) => {
  const workflow = parse(textOf('.github/workflows/ci.yml')) as {
    readonly permissions: object
    readonly jobs: Readonly<
      Record<
        string,
        {
          readonly strategy?: { readonly matrix: object }
          readonly steps: readonly { readonly uses?: string; readonly run?: string }[]
        }
      >
    >
  }
  t.same(workflow.permissions, { contents: 'read' })
  t.same(workflow.jobs.test?.strategy?.matrix, { node: [20, 24] })
  const steps = Object.values(workflow.jobs).flatMap(({ steps }) => steps)
  for (const { uses } of steps) if (uses !== undefined) t.match(uses, /^actions\/[\w-]+@v\d+$/)
  const runs = workflow.jobs.test?.steps.flatMap(({ run }) => run ?? [])
  t.same(runs, ['npm ci', 'npm run check', 'npm test'])
})
