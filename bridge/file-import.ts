import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { EventStore } from '../commands/intake.js'
import { SourceReader } from '../commands/read-source.js'
import { sourceStream, type FilePlace, type SourceCounts } from '../domain/source.js'
import { arrivalOf } from './arrivals.js'
import type { KindName } from './formats/kind-names.js'
import { kinds } from './formats/kinds.js'
import { LineSplitter, type Line } from './formats/lines.js'

/** A page that the garbage collector need not copy: with pages four times as large, an import takes a tenth longer. */
const linesAPage = 500
/** A page of long lines has fewer, since all of it is in memory. */
const bytesAPage = 2 * 1024 * 1024
const bytesARead = 64 * 1024
const bytesAHash = 256 * 1024

/** The file changed while it was read. Nothing is lost: the lines before `line` are in the log, the rest is not. */
export class FileChanged extends Error {
  readonly code = 'file-changed'
  constructor(
    path: string,
    kind: KindName,
    readonly line: number,
  ) {
    const advice =
      kinds[kind].knownByPlace && line > 1
        ? `lines 1 to ${line - 1} are in the log, and would be counted again in a file of other content: import only those after them`
        : 'import it again when it is complete'
    super(`${path} changed while it was read: ${advice}`)
  }
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
  const hash = await hashOf(path, before.size)
  const assertUnchanged = async (line: number) => {
    const { size, mtimeMs } = await stat(path)
    if (size !== before.size || mtimeMs !== before.mtimeMs) throw new FileChanged(path, kind, line)
  }
  await assertUnchanged(1)
  const reader = await SourceReader.open(eventStore, sourceStream(kind, hash), `file:${hash}`, path)
  const { counts, completed } = reader.state
  if (completed) return { ...counts, appended: 0, duplicates: counts.appended + counts.duplicates }
  const source = `file:${hash}`
  for await (const { lines, next } of pagesOf(path, reader.state, before.size)) {
    // Of a file that goes on, the last line may go on as well.
    if (next.bytes === before.size) await assertUnchanged(reader.state.line)
    const arrivals = lines.map((line) => arrivalOf(kind, line, source)).filter((one) => one !== undefined)
    await reader.take(arrivals, lines.length - arrivals.length, next)
    onProgress({ bytes: next.bytes, totalBytes: before.size })
  }
  await assertUnchanged(reader.state.line)
  await reader.complete()
  return reader.state.counts
}

/** The lines of the first `size` bytes of a file, from a place on, in pages; and where each ends. */
async function* pagesOf(
  path: string,
  from: FilePlace,
  size: number,
): AsyncGenerator<{ readonly lines: readonly Line[]; readonly next: FilePlace }, void, void> {
  const splitter = new LineSplitter(from.line)
  let lines: Line[] = []
  let end = from.bytes
  let start = end
  for await (const bytes of bytesOf(path, { start: end, end: size, highWaterMark: bytesARead })) {
    lines = lines.concat(splitter.push(bytes))
    end += bytes.length
    const next = { bytes: end - splitter.heldBytes, line: splitter.number }
    if (lines.length < linesAPage && next.bytes - start < bytesAPage) continue
    yield { lines, next }
    lines = []
    start = next.bytes
  }
  lines = lines.concat(splitter.end())
  if (lines.length > 0) yield { lines, next: { bytes: end, line: splitter.number } }
}

/** Half of the SHA-256 of the content: it stands in every event of the file, and 128 bits tell files apart. */
async function hashOf(path: string, size: number): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of bytesOf(path, { start: 0, end: size, highWaterMark: bytesAHash }))
    hash.update(bytes)
  return hash.digest('hex').slice(0, 32)
}

/** @param range half-open */
async function* bytesOf(
  path: string,
  { start, end, highWaterMark }: { start: number; end: number; highWaterMark: number },
): AsyncGenerator<Buffer, void, void> {
  if (start >= end) return
  yield* createReadStream(path, { start, end: end - 1, highWaterMark }) as AsyncIterable<Buffer>
}
