import { join } from 'node:path'
import { openEmbeddedReadStore } from '../../read-store/embedded/embedded.js'
import type { ReadStore } from '../../read-store/port.js'

/** Read stores that are used for some histories each: opening one takes longer than a history. */
export async function openReadStores(folder: string) {
  let used = 0
  let current: ReadStore | undefined
  let scratch: ReadStore | undefined
  const close = async () => {
    await scratch?.close()
    await current?.close()
  }
  return {
    close,
    next: async (): Promise<ReadStore> => {
      if (used++ % 40 === 0) {
        await close()
        current = await openEmbeddedReadStore(join(folder, `read-models-${used}`))
        scratch = await current.scratch()
      }
      const [store, shared] = [current!, scratch!]
      return {
        live: (projection) => store.live(projection),
        all: () => store.all(),
        dataVersion: () => store.dataVersion(),
        create: (...build) => store.create(...build),
        promote: (build, replacing) => store.promote(build, replacing),
        discard: (build) => store.discard(build),
        scratch: async () => ({ ...methodsOf(shared), close: async () => {} }),
        lease: (...lease) => store.lease(...lease),
        release: (...lease) => store.release(...lease),
        leases: () => store.leases(),
        close: () => store.close(),
      }
    },
  }
}

function methodsOf(store: ReadStore): Omit<ReadStore, 'close'> {
  return {
    live: (projection) => store.live(projection),
    all: () => store.all(),
    dataVersion: () => store.dataVersion(),
    create: (...build) => store.create(...build),
    promote: (build, replacing) => store.promote(build, replacing),
    discard: (build) => store.discard(build),
    scratch: () => store.scratch(),
    lease: (...lease) => store.lease(...lease),
    release: (...lease) => store.release(...lease),
    leases: () => store.leases(),
  }
}
