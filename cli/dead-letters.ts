import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { deadLetterBytes } from '../commands/dead-letter-bytes.js'
import { rawBytes } from '../domain/dead-letter.js'
import type { EventStore } from '../event-store/port.js'
import type { DeadLetter } from '../projections/dead-letters/dead-letters.js'
import { listDeadLetters as deadLettersOf } from '../projections/queries/dead-letters.js'
import type { ReadStore } from '../projections/queries/live.js'
import { allItems } from './all-items.js'
import { withLog, WrongUsage, type Context } from './command.js'
import { table } from './output.js'

/** `tidemark dead-letters list`: what waits for somebody to look at it. */
export async function listDeadLetters(context: Context): Promise<void> {
  await withLog(context, async ({ readStore }) => {
    const letters = await allOf(lettersOf(readStore))
    context.output.result(letters, () =>
      letters.length === 0
        ? 'there are no dead letters'
        : table(
            letters.map(({ id, kind, reason, source, at }) => ({
              id,
              kind,
              reason,
              source: short(source),
              at,
            })),
          ),
    )
  })
}

/**
 * `tidemark dead-letters export`: their bytes as they came, one a line, to be mended and imported. They go to a new file,
 * or to standard output; with `--json` and no file, the dead letters themselves are printed.
 */
export async function exportDeadLetters(
  { out, kind }: { readonly out?: string; readonly kind?: string },
  context: Context,
): Promise<void> {
  const { output } = context
  await withLog(context, async ({ eventStore, readStore }) => {
    const letters = lettersOf(readStore, kind)
    if (out !== undefined) {
      const written = await writeLines(letters, eventStore, createWriteStream(out, { flags: 'wx' })).catch(
        unlessExists(out),
      )
      output.result({ letters: written, out }, () => `${written} dead letters written to ${out}`)
    } else if (output.json) {
      output.result(await allOf(letters), () => '')
    } else {
      await writeLines(letters, eventStore, process.stdout).catch(unlessSeenEnough)
    }
  })
}

function unlessExists(out: string): (error: unknown) => never {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new WrongUsage(`${out} is there already: name a new file, or remove it`)
  }
}

/** Writes the bytes of dead letters, one a line; ends a file, and leaves standard output open. Answers how many. */
async function writeLines(
  letters: AsyncIterable<DeadLetter>,
  eventStore: EventStore,
  to: NodeJS.WritableStream,
): Promise<number> {
  let written = 0
  const lines = async function* () {
    for await (const letter of letters) {
      if (letter.size !== undefined) yield* deadLetterBytes(eventStore, letter.id)
      else yield onOneLine(letter)
      yield Buffer.from('\n')
      written++
    }
  }
  await pipeline(lines, to, { end: to !== process.stdout })
  return written
}

/** A record that came over HTTP or from Kafka may be JSON with line breaks: there, they mean nothing. */
function onOneLine(letter: DeadLetter): Buffer {
  const { raw, encoding } = letter
  return encoding === 'utf8' && raw.includes('\n') && isJson(raw)
    ? Buffer.from(raw.replace(/[\r\n]+/g, ' '))
    : rawBytes(letter)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Whoever read our output may stop at any time. */
function unlessSeenEnough(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}

async function allOf(letters: AsyncIterable<DeadLetter>): Promise<DeadLetter[]> {
  const all: DeadLetter[] = []
  for await (const letter of letters) all.push(letter)
  return all
}

/** The dead letters of the read model, of all kinds or of one, in the order of the log. */
export async function* lettersOf(readStore: ReadStore, kind?: string): AsyncGenerator<DeadLetter> {
  const texts = allItems((request) => deadLettersOf(readStore, kind, request))
  for await (const text of texts) yield JSON.parse(text) as DeadLetter
}

/** Hashes are long; their beginning tells them apart. */
function short(source: string): string {
  return source.replace(/([0-9a-f]{12})[0-9a-f]{40,}/, '$1…')
}
