import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { lstat, readdir, realpath, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { makeFolder } from '../sqlite/folder.js'
import { isAlive } from '../sqlite/processes.js'
import type { Context } from './command.js'

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
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  if (!found && (await isLink(path)) && within.length > 0) return skipped('it is a link to nothing')
  if (!found) throw new Error(`there is no file or folder ${path}${advice(path)}`)
  if (isBeingWritten(path)) return skipped('its name says that it is still being written')
  if (found.isFile()) return [{ path }]
  if (!found.isDirectory()) return [{ path, copy: () => spool(createReadStream(path), context) }]
  const folder = await realpath(path)
  if (folder === (await realpath(context.config.data).catch(() => undefined)))
    return skipped('it is the data folder')
  if (within.includes(folder)) return skipped('it is a link to a folder that it is in')
  const nested: ImportableFile[] = []
  for (const name of (await readdir(path)).sort()) {
    nested.push(...(await expand(join(path, name), context, [...within, folder])))
  }
  return nested
}

async function isLink(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isSymbolicLink() ?? false
}

/** What is no UTF-8 in a name is read as U+FFFD, and the file is not found under that. */
function advice(path: string): string {
  return path.includes('\ufffd') ? ': names are UTF-8, so rename it' : ''
}

/** Writers name a file so until it is complete. */
function isBeingWritten(path: string): boolean {
  return /^(tmp|_|\.(?!\.?$))/.test(basename(path))
}

/** A pipe cannot be read twice, but a source is known by all of its content: so it is kept first. */
async function spool(input: Readable, { config: { data } }: Context): Promise<string> {
  makeFolder(data)
  await removeLeftOvers(data)
  const path = join(data, `stdin-${process.pid}-${randomUUID()}`)
  await pipeline(input, createWriteStream(path))
  return path
}

/** The copies of processes that were killed. */
async function removeLeftOvers(data: string): Promise<void> {
  for (const name of await readdir(data)) {
    const [, pid] = /^stdin-(\d+)-[\da-f-]{36}$/.exec(name) ?? []
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(data, name), { force: true })
  }
}
