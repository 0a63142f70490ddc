import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, realpath, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { importFile } from '../bridge/file-import.js'
import { isKindName, kindNames, type KindName } from '../bridge/formats/kind-names.js'
import { nothingRead, type SourceCounts } from '../domain/source.js'
import { catchUp } from './caught-up.js'
import { withSystem, WrongUsage, type Context } from './command.js'
import type { System } from './compose.js'
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

export interface ImportableFile {
  readonly path: string
  /** Of what can be read only once: makes a copy, to be removed afterwards, and answers where it is. */
  readonly copy?: () => Promise<string>
}

/** The files that paths stand for, in the order of the paths and, in a folder, of the names. */
export async function filesIn(paths: readonly string[], context: Context): Promise<ImportableFile[]> {
  const files: ImportableFile[] = []
  for (const path of paths) {
    if (standardInput.includes(path)) files.push({ path, copy: () => spool(process.stdin, context) })
    else files.push(...(await expand(path, context)))
  }
  return files
}

/** Not every kind of standard input can be opened under its names in the file system. */
const standardInput = ['-', '/dev/stdin', '/dev/fd/0']

/** @param within the folders that the path is in, as they are really called */
async function expand(
  path: string,
  context: Context,
  within: readonly string[] = [],
): Promise<ImportableFile[]> {
  const skipped = (why: string) => {
    context.output.remark(`skipped ${path}: ${why}`)
    return []
  }
  const found = await stat(path).catch(() => undefined)
  if (!found && within.length > 0) return skipped('it is a link to nothing')
  if (!found) throw new Error(`there is no file or folder ${path}`)
  if (isBeingWritten(path)) return skipped('its name says that it is still being written')
  if (found.isFile()) return [{ path }]
  if (!found.isDirectory()) return [{ path, copy: () => spool(createReadStream(path), context) }]
  const folder = await realpath(path)
  if (within.includes(folder)) return skipped('it is a link to a folder that it is in')
  const nested: ImportableFile[] = []
  for (const name of (await readdir(path)).sort()) {
    nested.push(...(await expand(join(path, name), context, [...within, folder])))
  }
  return nested
}

/** Writers name a file so until it is complete. */
function isBeingWritten(path: string): boolean {
  return /^(tmp|_|\.(?!\.?$))/.test(basename(path))
}

/** A pipe cannot be read twice, but a source is known by all of its content: so it is kept first. */
async function spool(input: Readable, { config: { data } }: Context): Promise<string> {
  await mkdir(data, { recursive: true })
  await removeLeftOvers(data)
  const path = join(data, `stdin-${process.pid}-${randomUUID()}`)
  await pipeline(input, createWriteStream(path))
  return path
}

/** The copies of processes that were killed. */
async function removeLeftOvers(data: string): Promise<void> {
  for (const name of await readdir(data)) {
    const [, pid] = /^stdin-(\d+)-[\da-f-]{36}$/.exec(name) ?? []
    if (pid !== undefined && !isRunning(Number(pid))) await rm(join(data, name), { force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
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
