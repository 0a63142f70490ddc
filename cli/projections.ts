import { projections } from '../projections/index.js'
import { projectionStatuses } from '../projections/running/status.js'
import { withLog, type Context } from './command.js'
import { table } from './output.js'

/** `tidemark projections`: how far each read model is, and whether it goes on. */
export async function listProjections(context: Context): Promise<void> {
  await withLog(context, async ({ eventStore, readStore }) => {
    const statuses = await projectionStatuses(projections, eventStore, readStore)
    context.output.result(statuses, () => {
      const rows = statuses.map(({ name, version, position, lag, documents, state }) => ({
        name,
        version,
        position,
        lag,
        documents,
        state,
      }))
      const failures = statuses.flatMap(({ failure }) => (failure ? [failure.reason] : []))
      return [table(rows), ...failures].join('\n')
    })
  })
}
