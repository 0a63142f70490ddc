import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'

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
