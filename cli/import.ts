import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { importFile } from '../bridge/file-import.js'
import { isKindName, kindNames, type KindName } from '../bridge/formats/kind-names.js'
import { nothingRead, type SourceCounts } from '../domain/source.js'
import { catchUp } from './caught-up.js'
import { withSystem, WrongUsage, type Context } from './command.js'
import type { System } from './compose.js'
import { filesIn, type ImportableFile } from './files-to-import.js'
import { table } from './output.js'
import { ProgressBar } from './progress.js'
import { remarkOnWantedSessions } from './wait-for-lookups.js'

/** `tidemark import <kind> <path…>`: files, folders or standard input into the log, each record once. */
export async function importPaths(
  kind: string,
  paths: readonly string[],
  options: { readonly wait: boolean },
  context: Context,
): Promise<void> {
  if (!isKindName(kind)) {
    throw new WrongUsage(`there is no kind ${JSON.stringify(kind)}: take one of ${kindNames.join(', ')}`)
  }
  await withSystem(context, async (system) => {
    await system.settleBillingTimeZone()
    if (options.wait) await system.project()
    const files = await filesIn(paths, context)
    const counts = await importAll(system, kind, files)
    if (options.wait) {
      await catchUp(system)
      await remarkOnWantedSessions(system, context)
    }
    context.output.result(counts, () => table([{ kind, ...counts }]))
  })
}

/** Imports files one after the other, with a bar for each. */
export async function importAll(
  { eventStore }: Pick<System, 'eventStore'>,
  kind: KindName,
  files: readonly ImportableFile[],
): Promise<SourceCounts> {
  let total = nothingRead
  for (const { path, copy } of files) {
    const copied = await copy?.()
    const bar = new ProgressBar(basename(path))
    try {
      const counts = await importFile(eventStore, kind, copied ?? path, ({ bytes, totalBytes }) =>
        bar.update(bytes, totalBytes),
      )
      total = sumOf(total, counts)
    } finally {
      bar.end()
      if (copied !== undefined) await rm(copied, { force: true })
    }
  }
  return total
}

export function sumOf(a: SourceCounts, b: SourceCounts): SourceCounts {
  return {
    read: a.read + b.read,
    appended: a.appended + b.appended,
    duplicates: a.duplicates + b.duplicates,
    ignored: a.ignored + b.ignored,
    rejected: a.rejected + b.rejected,
  }
}
