import type {
  Build,
  Collections,
  Document,
  Query,
  ReadModel,
  ReadStore,
  Row,
  Write,
} from '../../../read-store/port.js'

/** The projection that the contract builds, and what its tests write to it and ask of it. */
export const projection = 'census'
export const collections: Collections = {
  people: { indexes: { byAge: ['age'], byCityAndAge: ['city', 'age'] } },
  notes: {},
}

export const people: Write[] = [
  put('amy', { age: 40, city: 'Berlin' }),
  put('bob', { age: 30, city: 'Berlin' }),
  put('cat', { age: 50, city: 'Aachen' }),
  put('dan', { age: 30, city: 'Berlin' }),
  put('eve', { age: 20.5, city: 'Zürich' }),
  put('flo', { city: 'Zürich' }),
]

export function built(store: ReadStore, version = 3): Promise<Build> {
  return store.create(projection, version, collections)
}

export async function promoted(store: ReadStore): Promise<Build> {
  const build = await built(store)
  await store.promote(build)
  return build
}

/** One unit more, which moves the checkpoint by one. */
export async function commit(build: Build, writes: readonly Write[]): Promise<void> {
  const expected = await build.checkpoint()
  await build.commit({ expected, checkpoint: expected + 1, writes: { people: writes } })
}

export function put(id: string, document: Document): Write {
  return { id, document }
}

export function remove(id: string): Write {
  return { id, document: undefined }
}

export function ids(rows: readonly Row[]): string[] {
  return rows.map(({ id }) => id)
}

export async function texts(model: ReadModel, wanted: readonly string[]): Promise<Record<string, string>> {
  const rows = await model.getMany('people', wanted)
  return Object.fromEntries(rows.map(({ id, text }) => [id, text]))
}

/** All ids of a list, page by page; every page but the last must be full. */
export async function idsOf(model: ReadModel, collection: string, query: Query): Promise<string[]> {
  const found: string[] = []
  let after: string | undefined
  do {
    const page = await model.page(collection, after === undefined ? query : { ...query, after })
    if (page.next !== undefined && page.rows.length !== query.limit)
      throw new Error('a page in between is not full')
    found.push(...ids(page.rows))
    after = page.next
  } while (after !== undefined)
  return found
}

export async function everything(model: ReadModel): Promise<Row[]> {
  return [...(await model.page('people', { limit: 1000 })).rows]
}
