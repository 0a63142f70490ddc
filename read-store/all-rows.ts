import type { Query, Row, RowPage } from './port.js'

/** Whoever can be asked for a page of documents. */
export interface Pages {
  page(collection: string, query: Query): Promise<Pick<RowPage, 'rows' | 'next'>>
}

/** All rows that a query finds, read in pages of its limit. */
export async function* allRows(
  model: Pages,
  collection: string,
  query: Query,
): AsyncGenerator<Row, undefined, void> {
  let after: string | undefined
  do {
    const page = await model.page(collection, after === undefined ? query : { ...query, after })
    yield* page.rows
    after = page.next
  } while (after !== undefined)
  return undefined
}
