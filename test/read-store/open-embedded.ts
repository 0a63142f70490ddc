import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedReadStore } from '../../read-store/embedded/embedded.js'
import type { ReadStore } from '../../read-store/port.js'
import type { ReadStoreUnderTest } from '../contract/read-store/under-test.js'

/** An embedded read store in a folder of its own. */
export async function openEmbedded(): Promise<ReadStoreUnderTest & { readonly folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-read-store-'))
  const opened: ReadStore[] = []
  const again = async () => {
    const store = await openEmbeddedReadStore(join(folder, 'data'))
    opened.push(store)
    return store
  }
  return {
    folder: join(folder, 'data'),
    store: await again(),
    again,
    cleanUp: async () => {
      for (const store of opened) await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}
