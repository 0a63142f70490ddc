import { ReadModelMissing } from '../projections/queries/live.js'
import type { Page, PageRequest } from '../projections/queries/page.js'

const itemsAPage = 500

/** All items of a list, read in pages; none where nothing has been built yet. */
export async function* allItems<Item>(
  list: (request: PageRequest) => Promise<Page<Item>>,
): AsyncGenerator<Item, void, void> {
  let after: string | undefined
  do {
    const page: Page<Item> = await list({ limit: itemsAPage, after }).catch(none)
    yield* page.items
    after = page.next
  } while (after !== undefined)
}

function none(error: unknown): { readonly items: never[] } {
  if (error instanceof ReadModelMissing) return { items: [] }
  throw error
}
