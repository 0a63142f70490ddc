import { projections } from '../projections/index.js'
import type { Projection } from '../projections/projection.js'
import { rebuild, type Rebuilt } from '../projections/running/rebuild.js'
import { catchUpLaggards } from './caught-up.js'
import { withSystem, WrongUsage, type Context } from './command.js'
import { table } from './output.js'
import { ProgressBar } from './progress.js'

/** `tidemark rebuild <name…>`: builds read models again beside the live ones, and switches. */
export async function rebuildProjections(
  names: readonly string[],
  options: { readonly all?: boolean },
  context: Context,
): Promise<void> {
  const chosen = chosenProjections(names, options.all ?? false)
  await withSystem(context, async (system) => {
    const { eventStore, readStore } = system
    await catchUpLaggards(system, chosen)
    const done: Rebuilt[] = []
    for (const projection of chosen) {
      const bar = new ProgressBar(projection.name)
      const onProgress = (position: number, target: number) => bar.update(position, target)
      const rebuilt = await rebuild(projection, { eventStore, readStore, onProgress })
      bar.end()
      for (const { id, stream, difference } of rebuilt.derivedDifferences) {
        context.output.remark(`${projection.name}: derived event ${id} of ${stream}: ${difference}`)
      }
      done.push(rebuilt)
    }
    const rows = done.map(({ name, events, documents, seconds }) => ({
      name,
      events,
      documents,
      seconds: round(seconds),
    }))
    context.output.result(rows, () => table(rows))
  })
}

function chosenProjections(names: readonly string[], all: boolean): readonly Projection[] {
  const known = projections.map(({ name }) => name)
  if (all) return projections
  if (names.length === 0) throw new WrongUsage(`say which, or --all: ${known.join(', ')}`)
  return names.map((name) => {
    const projection = projections.find((one) => one.name === name)
    if (!projection)
      throw new WrongUsage(`there is no projection ${JSON.stringify(name)}: take one of ${known.join(', ')}`)
    return projection
  })
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
