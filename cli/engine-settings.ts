import { isNamespace, namespaceForm } from '../event-store/namespace.js'
import type { EngineSettings } from './engines.js'
import { InvalidSetting } from './invalid-setting.js'

/**
 * Which engines a deployment runs on, and how far its work can be shared.
 *
 * @param data the folder, absolute
 * @throws {InvalidSetting}
 */
export function enginesOf(data: string, env: NodeJS.ProcessEnv): EngineSettings {
  const eventStoreDbUrl = urlOf('EVENTSTOREDB_URL', env.EVENTSTOREDB_URL, /^esdb(\+discover)?:\/\/./)
  const mongoDbUrl = urlOf('MONGODB_URL', env.MONGODB_URL, /^mongodb(\+srv)?:\/\/./)
  const namespace = namespaceOf(env.TIDEMARK_NAMESPACE)
  return {
    data,
    ...(eventStoreDbUrl !== undefined && { eventStoreDbUrl }),
    ...(mongoDbUrl !== undefined && { mongoDbUrl }),
    ...(namespace !== undefined && { namespace }),
    partitions: partitionsOf(env.PROJECTION_PARTITIONS || (mongoDbUrl === undefined ? '1' : '4')),
  }
}

/** Of which kind it is; cli/server-urls.ts looks at the rest. The value is not repeated: it may hold a password. */
function urlOf(name: string, value: string | undefined, form: RegExp): string | undefined {
  if (!value) return undefined
  if (!form.test(value)) {
    const example = name === 'MONGODB_URL' ? 'mongodb://host:27017/tidemark' : 'esdb://host:2113'
    throw new InvalidSetting(`${name} is not of the form ${example}`)
  }
  return value
}

function namespaceOf(value: string | undefined): string | undefined {
  if (!value) return undefined
  if (isNamespace(value)) return value
  throw new InvalidSetting(`TIDEMARK_NAMESPACE is ${JSON.stringify(value)}: it takes ${namespaceForm}`)
}

function partitionsOf(value: string): number {
  const partitions = Number(value)
  if (/^\d+$/.test(value) && partitions >= 1 && partitions <= 64) return partitions
  throw new InvalidSetting(
    `PROJECTION_PARTITIONS is ${JSON.stringify(value)}: it takes a number from 1 to 64`,
  )
}
