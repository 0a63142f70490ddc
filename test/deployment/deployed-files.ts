import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

/**
 * The files that deploy Tidemark, held to the rules of docs/deployment.md and to the program that they start: where
 * they lie, and what those of Docker say.
 */

export const root = fileURLToPath(new URL('../../..', import.meta.url))
export const textOf = (path: string) => readFileSync(join(root, path), 'utf8')
export const { version } = JSON.parse(textOf('package.json')) as { version: string }

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

export const compose = parse(textOf('docker-compose.yml')) as {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}
export const services = Object.entries(compose.services)
export const dockerfile = textOf('Dockerfile')
