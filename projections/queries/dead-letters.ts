import { deadLetters } from '../dead-letters/dead-letters.js'
import { readLive, type ReadModels, type Row } from './live.js'
import { partOf, type Page, type PageRequest } from './page.js'

const collection = 'dead-letters'

/** Dead letters as stored, in the order they were rejected; of one kind or all. */
export function listDeadLetters(
  readStore: ReadModels,
  kind: string | undefined,
  request: PageRequest,
): Promise<Page<string>> {
  return readLive(readStore, deadLetters.name, async (build) => {
    const index = kind === undefined ? { index: 'position' } : { index: 'kind', equals: [kind] }
    const { rows, next } = await build.page(collection, { ...index, ...partOf(request) })
    return { items: rows.map(({ text }) => text), next }
  })
}

/** A dead letter as stored; undefined if there is none, or if it was recovered. */
export function findDeadLetter(readStore: ReadModels, id: string): Promise<Row | undefined> {
  return readLive(readStore, deadLetters.name, async (build) => {
    const [row] = await build.getMany(collection, [id])
    return row
  })
}
