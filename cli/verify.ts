import { projections } from '../projections/index.js'
import { verify, type Verified } from '../projections/running/verify.js'
import { catchUpFirst } from './caught-up.js'
import { withLog, type Context } from './command.js'
import type { System } from './compose.js'
import { table } from './output.js'
import { ProgressBar } from './progress.js'

/** `tidemark verify`: builds everything again in a scratch space and compares byte for byte. */
export async function verifyProjections(context: Context): Promise<void> {
  const verified = await withLog(context, async (system) => {
    await catchUpFirst(system, projections)
    return verifyAll(system)
  })
  const differences = verified.flatMap((one) => one.differences)
  const documents = verified.reduce((sum, one) => sum + one.documents, 0)
  context.output.result({ projections: verified.length, documents, differences }, () => {
    const rows = verified.map((one) => ({ ...one, differences: one.differences.length }))
    const listed = differences.map(
      ({ projection, collection, id, difference }) => `${projection} ${collection} ${id}: ${difference}`,
    )
    return [table(rows), ...listed].join('\n')
  })
  if (differences.length > 0) process.exitCode = 1
}

export async function verifyAll({
  eventStore,
  readStore,
}: Pick<System, 'eventStore' | 'readStore'>): Promise<Verified[]> {
  const scratch = await readStore.scratch()
  const verified: Verified[] = []
  try {
    for (const projection of projections) {
      const bar = new ProgressBar(`verifying ${projection.name}`)
      const onProgress = (position: number, target: number) => bar.update(position, target)
      verified.push(await verify(projection, { eventStore, readStore, scratch, onProgress }))
      bar.end()
    }
  } finally {
    await scratch.close()
  }
  return verified
}
