import { open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '../../sqlite/folder.js'

const block = 256 * 1024

/**
 * Writes lines to a file in blocks, under a name that importers skip, and then renames it. Answers how many lines there
 * were.
 */
export async function writeLines(
  folder: string,
  name: string,
  lines: Iterable<string>,
  onProgress?: (written: number) => void,
): Promise<number> {
  const unfinished = join(folder, `tmp-${name}`)
  const file = await open(unfinished, 'w')
  let [written, held] = [0, '']
  try {
    for (const line of lines) {
      held += `${line}\n`
      written++
      if (held.length < block) continue
      await file.appendFile(held)
      held = ''
      onProgress?.(written)
    }
    await file.appendFile(held)
    onProgress?.(written)
  } finally {
    await file.close()
  }
  await rename(unfinished, join(folder, name))
  return written
}

/**
 * Makes a folder ready for the files of a sample: removes those that a former run left. Of another size there were others,
 * and whoever imports the folder would take them all.
 *
 * @param name what the files of the sample are called
 */
export async function emptyFolder(folder: string, name: RegExp): Promise<void> {
  makeFolder(folder)
  for (const file of await readdir(folder)) if (name.test(file)) await rm(join(folder, file))
}
