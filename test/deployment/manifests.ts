import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { root, textOf } from './deployed-files.js'

/** What the manifests of Kubernetes say, as far as tests look at it. */

export interface Selector {
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

export const kubernetes = 'deploy/kubernetes'
export const manifestFiles = readdirSync(join(root, kubernetes), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.yaml'))
  .sort()

export const kustomizations = manifestFiles
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

export const ofKind = <T>(kind: string) =>
  resources.filter((resource) => resource.kind === kind) as unknown as T[]
export const deployments = ofKind<Deployment>('Deployment')
export const containers = deployments.flatMap(({ spec }) => spec.template.spec.containers)
