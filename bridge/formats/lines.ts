import { isAscii, isUtf8 } from 'node:buffer'
import { faultCodes, type Fault, type FaultCode } from '../../domain/fault.js'
import { MAX_RECORD_BYTES, MOST_KEPT_BYTES } from '../../domain/record-size.js'

/** The text of one record. */
export interface Text {
  /** Empty if there is a `fault`. */
  readonly text: string
  /** Why its bytes are no text. */
  readonly fault: Fault | undefined
  /** Is it known to be whole? Of the last line of a file it is not, if there is no line feed after it. */
  readonly terminated: boolean
  /** Its bytes, or the first {@link MOST_KEPT_BYTES} of a text without end. A view: copy what is to be kept. */
  readonly raw: Buffer
}

/** A line of a file, without its line feed and without a carriage return before that. */
export interface Line extends Text {
  /** From 1, with empty lines counted: what an editor shows. */
  readonly number: number
}

/**
 * The lines of a stream of bytes, a page for each chunk that ends any. Empty lines are left out; a byte order mark at
 * the start of the stream is no part of the text.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line[], void, void> {
  const splitter = new LineSplitter()
  for await (const chunk of chunks) {
    const lines = splitter.push(chunk)
    if (lines.length > 0) yield lines
  }
  const last = splitter.end()
  if (last.length > 0) yield last
}

/** Cuts bytes into lines, chunk by chunk. Holds at most one unfinished line. */
export class LineSplitter {
  /** The first {@link MOST_KEPT_BYTES} of an unfinished line. */
  private held: Buffer[] = []
  /** How many bytes the unfinished line has so far. */
  heldBytes = 0

  /** @param number of the line that the next byte belongs to */
  constructor(public number = 1) {}

  /** The lines that end in this chunk. */
  push(bytes: Uint8Array): Line[] {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const lines: Line[] = []
    let start = 0
    if (this.heldBytes > 0) {
      const end = chunk.indexOf(LINE_FEED)
      this.hold(end < 0 ? chunk : chunk.subarray(0, end))
      if (end < 0) return lines
      this.release(lines, true)
      start = end + 1
    }
    const end = chunk.lastIndexOf(LINE_FEED) + 1
    if (end > start) this.split(chunk.subarray(start, end), lines)
    if (chunk.length > Math.max(start, end)) this.hold(chunk.subarray(Math.max(start, end)))
    return lines
  }

  /** The last line, if no line feed ended it. */
  end(): Line[] {
    const lines: Line[] = []
    if (this.heldBytes > 0) this.release(lines, false)
    return lines
  }

  private hold(bytes: Buffer): void {
    const room = MOST_KEPT_BYTES - this.heldBytes
    this.heldBytes += bytes.length
    // A copy: the bytes are a view of a whole chunk, whose memory need not be ours for long.
    if (room > 0) this.held.push(Buffer.from(bytes.subarray(0, room)))
  }

  private release(lines: Line[], terminated: boolean): void {
    const raw = Buffer.concat(this.held)
    this.add(lines, raw, terminated)
    this.held = []
    this.heldBytes = 0
  }

  /** Whole lines, each with its line feed. */
  private split(bytes: Buffer, lines: Line[]): void {
    if (isAscii(bytes)) this.splitAscii(bytes, lines)
    else this.splitBytes(bytes, lines)
  }

  /** One conversion for all: a byte is a character. */
  private splitAscii(bytes: Buffer, lines: Line[]): void {
    const all = bytes.toString('latin1')
    let start = 0
    while (start < all.length) {
      const feed = all.indexOf('\n', start)
      const end = feed > start && all.charCodeAt(feed - 1) === CARRIAGE_RETURN ? feed - 1 : feed
      if (end - start > MAX_RECORD_BYTES)
        lines.push(faulty(this.number, bytes.subarray(start, end), true, 'record-too-large'))
      else if (end > start) lines.push(new AsciiLine(this.number, all.slice(start, end), bytes, start))
      this.number++
      start = feed + 1
    }
  }

  private splitBytes(bytes: Buffer, lines: Line[]): void {
    let start = 0
    while (start < bytes.length) {
      const feed = bytes.indexOf(LINE_FEED, start)
      this.add(lines, bytes.subarray(start, feed), true)
      start = feed + 1
    }
  }

  /** One line, with the carriage return that may end it. */
  private add(lines: Line[], bytes: Buffer, terminated: boolean): void {
    const raw = bytes[bytes.length - 1] === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes
    const number = this.number++
    if (raw.length === 0) return
    if (raw.length > MAX_RECORD_BYTES) lines.push(faulty(number, raw, terminated, 'record-too-large'))
    else if (!isUtf8(raw)) lines.push(faulty(number, raw, terminated, 'invalid-utf8'))
    else {
      const text = raw.toString('utf8', number === 1 && hasByteOrderMark(raw) ? 3 : 0)
      if (text !== '') lines.push({ number, text, fault: undefined, terminated, raw })
    }
  }
}

/** A line of a page of ASCII: its bytes are only looked up for the few lines that are refused. */
class AsciiLine implements Line {
  readonly fault = undefined
  readonly terminated = true
  readonly #page: Buffer
  readonly #start: number
  constructor(
    readonly number: number,
    readonly text: string,
    page: Buffer,
    start: number,
  ) {
    this.#page = page
    this.#start = start
  }
  get raw(): Buffer {
    return this.#page.subarray(this.#start, this.#start + this.text.length)
  }
}

function faulty(number: number, raw: Buffer, terminated: boolean, code: FaultCode): Line {
  return {
    number,
    text: '',
    fault: { path: '', code, detail: `the line is refused: ${faultCodes[code]}` },
    terminated,
    raw,
  }
}

function hasByteOrderMark(raw: Buffer): boolean {
  return raw[0] === 0xef && raw[1] === 0xbb && raw[2] === 0xbf
}

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
