import { closeSync, openSync, readSync } from 'node:fs'

/** The fastest of 64 KiB, 256 KiB and 1 MiB. */
const bytesARead = 64 * 1024
const lineFeed = 10

/**
 * Scans a file of JSON lines, parsing each: reads in chunks, makes text of the whole lines of a chunk at once, and
 * splits that. (Making text line by line was a fifth slower.)
 *
 * @returns how many lines there were
 */
export function scanJsonLines(path: string, see: (value: unknown) => void): number {
  const file = openSync(path, 'r')
  const buffer = Buffer.allocUnsafe(bytesARead)
  let [held, count] = [0, 0]
  for (;;) {
    const read = readSync(file, buffer, held, buffer.length - held, null)
    if (read === 0) break
    const end = held + read
    const last = buffer.lastIndexOf(lineFeed, end - 1)
    const lines = buffer.toString('utf8', 0, last).split('\n')
    for (const line of lines) see(JSON.parse(line))
    count += lines.length
    buffer.copyWithin(0, last + 1, end)
    held = end - last - 1
  }
  closeSync(file)
  return count
}
