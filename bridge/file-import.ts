import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import type { EventStore } from '../commands/intake.js'
import { SourceReader } from '../commands/read-source.js'
import { sourceStream, type SourceCounts } from '../domain/source.js'
import { arrivalOf } from './arrivals.js'
import type { KindName } from './formats/kind-names.js'
import { LineSplitter, type Line } from './formats/lines.js'

/** A page that the garbage collector need not copy: with pages four times as large, an import takes a tenth longer. */
const linesAPage = 500
const bytesARead = 64 * 1024
const bytesAHash = 256 * 1024

/** The file changed while it was read. Nothing is lost: what was read is in the log, the rest is not. */
export class FileChanged extends Error {
  readonly code = 'file-changed'
}

export interface ImportProgress {
  readonly bytes: number
  readonly totalBytes: number
}

/**
 * Imports one file, each line once: the file is known by its content, so importing it again, under whatever
 * name, adds nothing, and an import that was killed goes on where it was. A line that cannot be used becomes a
 * dead letter.
 *
 * @returns the counts of the whole file, over all attempts; of one that was complete before, what was appended are
 *   duplicates now
 * @throws {SourceFenced} another import of this file has begun
 * @throws {FileChanged}
 */
export async function importFile(
  eventStore: EventStore,
  kind: KindName,
  path: string,
  onProgress: (progress: ImportProgress) => void = () => {},
): Promise<SourceCounts> {
  const before = await stat(path)
  const hash = await hashOf(path)
  const reader = await SourceReader.open(eventStore, sourceStream(kind, hash), `file:${hash}`, path)
  const { counts, completed } = reader.state
  if (completed) return { ...counts, appended: 0, duplicates: counts.appended + counts.duplicates }
  await readPages(reader, kind, path, `file:${hash}`, (bytes) =>
    onProgress({ bytes, totalBytes: before.size }),
  )
  const after = await stat(path)
  if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
    throw new FileChanged(`${path} changed while it was read: import it again when it is complete`)
  }
  await reader.complete()
  return reader.state.counts
}

/** Reads from where the reader stands, and takes the lines in page by page. */
async function readPages(
  reader: SourceReader,
  kind: KindName,
  path: string,
  source: string,
  onProgress: (bytes: number) => void,
): Promise<void> {
  const splitter = new LineSplitter(reader.state.line)
  let page: Line[] = []
  let end = reader.state.bytes
  const take = async (next: { bytes: number; line: number }) => {
    const arrivals = page.map((line) => arrivalOf(kind, line, source)).filter((one) => one !== undefined)
    const ignored = page.length - arrivals.length
    page = []
    await reader.take(arrivals, ignored, next)
    onProgress(next.bytes)
  }
  const file = await open(path)
  try {
    for await (const chunk of file.createReadStream({
      start: end,
      highWaterMark: bytesARead,
      autoClose: false,
    })) {
      const bytes = chunk as Buffer
      page = page.concat(splitter.push(bytes))
      end += bytes.length
      if (page.length >= linesAPage) await take({ bytes: end - splitter.heldBytes, line: splitter.number })
    }
    page = page.concat(splitter.end())
    if (page.length > 0) await take({ bytes: end, line: splitter.number })
  } finally {
    await file.close()
  }
}

/** Half of the SHA-256 of the content: it stands in every event of the file, and 128 bits tell files apart. */
async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: bytesAHash }))
    hash.update(chunk as Buffer)
  return hash.digest('hex').slice(0, 32)
}
