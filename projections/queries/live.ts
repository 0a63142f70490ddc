import { Fenced } from '../../read-store/errors.js'
import type { Build, ReadStore } from '../../read-store/port.js'

/** Whoever answers queries needs the read models, and gets them from here. */
export { InvalidCursor } from '../../read-store/errors.js'
export type { ReadStore, Row } from '../../read-store/port.js'

/** What queries ask for the read models: a read store, or what it was like at a position of the log. */
export type ReadModels = Pick<ReadStore, 'live'>

/** No build of the projection is live: its runner has not come to it yet. */
export class ReadModelMissing extends Error {
  readonly code = 'read-model-missing'
  constructor(projection: string) {
    super(`there is no read model ${projection} yet: it is built as soon as the projections run`)
  }
}

/** How often a read is repeated that a finished rebuild took the documents away from. */
const attempts = 5

/**
 * Reads the live build of a projection. A build that is replaced while it is read is gone: then the new one is read
 * from the start, so `read` must not have an effect.
 *
 * @throws {ReadModelMissing}
 */
export async function readLive<T>(
  readStore: ReadModels,
  projection: string,
  read: (build: Build) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const build = await readStore.live(projection)
    if (!build) throw new ReadModelMissing(projection)
    try {
      return await read(build)
    } catch (error) {
      if (!(error instanceof Fenced) || attempt === attempts) throw error
    }
  }
}

/** The same, but undefined where no build is live. */
export async function ofLive<T>(
  readStore: ReadModels,
  projection: string,
  read: (build: Build) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await readLive(readStore, projection, read)
  } catch (error) {
    if (error instanceof ReadModelMissing) return undefined
    throw error
  }
}
