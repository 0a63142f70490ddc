import type { EngineSettings } from './engines.js'
import { InvalidSetting } from './invalid-setting.js'

/**
 * Looks at the addresses of the servers as their clients do, before any of them is waited for. The clients are loaded by
 * need: they take longer to load than a command to run.
 *
 * @throws {InvalidSetting}
 */
export async function checkServerUrls({
  eventStoreDbUrl,
  mongoDbUrl,
  namespace,
}: EngineSettings): Promise<void> {
  if (eventStoreDbUrl !== undefined) {
    const { readAddress } = await import('../event-store/eventstoredb/address.js')
    check('EVENTSTOREDB_URL', () => readAddress(eventStoreDbUrl))
  }
  if (mongoDbUrl !== undefined) {
    const { checkMongoDbUrl } = await import('../read-store/mongodb/connection.js')
    check('MONGODB_URL', () =>
      checkMongoDbUrl({ url: mongoDbUrl, ...(namespace !== undefined && { namespace }) }),
    )
  }
}

/** What the engines say of an address repeats no password. */
function check(name: string, read: () => unknown): void {
  try {
    read()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new InvalidSetting(`${name}: ${why}`, { cause: error })
  }
}
