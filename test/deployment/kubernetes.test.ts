import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { root } from './deployed-files.js'
import { deployments, kustomizations, ofKind, type Selector } from './manifests.js'

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
