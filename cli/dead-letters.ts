import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { rawBytes } from '../domain/dead-letter.js'
import { deadLetters, type DeadLetter } from '../projections/dead-letters.js'
import type { ReadStore } from '../read-store/port.js'
import { withSystem, type Context } from './command.js'
import { table } from './output.js'

const lettersAPage = 500

/** `tidemark dead-letters list`: what waits for somebody to look at it. */
export async function listDeadLetters(context: Context): Promise<void> {
  await withSystem(context, async ({ readStore }) => {
    const letters: DeadLetter[] = []
    for await (const letter of lettersOf(readStore)) letters.push(letter)
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

/** `tidemark dead-letters export --out FILE`: their bytes as they came, one a line, to be mended and imported. */
export async function exportDeadLetters(
  options: { readonly out: string; readonly kind?: string },
  context: Context,
): Promise<void> {
  await withSystem(context, async ({ readStore }) => {
    const file = createWriteStream(options.out, { flags: 'wx' })
    await once(file, 'open')
    let letters = 0
    for await (const letter of lettersOf(readStore)) {
      if (options.kind !== undefined && letter.kind !== options.kind) continue
      letters++
      if (!file.write(Buffer.concat([rawBytes(letter), Buffer.from('\n')]))) await once(file, 'drain')
    }
    file.end()
    await once(file, 'finish')
    context.output.result(
      { letters, out: options.out },
      () => `${letters} dead letters written to ${options.out}`,
    )
  })
}

/** All dead letters of the read model, in the order of the log. */
export async function* lettersOf(readStore: ReadStore): AsyncGenerator<DeadLetter> {
  const build = await readStore.live(deadLetters.name)
  if (!build) return
  let after: string | undefined
  do {
    const query = { index: 'position', limit: lettersAPage, ...(after === undefined ? {} : { after }) }
    const page = await build.page('dead-letters', query)
    for (const { text } of page.rows) yield JSON.parse(text) as DeadLetter
    after = page.next
  } while (after !== undefined)
}

/** Hashes are long; their beginning tells them apart. */
function short(source: string): string {
  return source.replace(/([0-9a-f]{12})[0-9a-f]{40,}/, '$1…')
}
