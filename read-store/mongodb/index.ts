import type { IndexDescriptionInfo } from 'mongodb'
import { IndexMismatch } from '../errors.js'
import type { BuildEntry, StoredCollection } from './catalogue.js'
import { indexedPath } from './document.js'
import type { MongoDbHost } from './host.js'
import { isDone } from './trouble.js'

/**
 * Makes a collection with its indexes, or what of it is not there yet. Text is ordered by its bytes, which is the
 * collation of a collection that names none.
 */
export async function createCollection(host: MongoDbHost, stored: StoredCollection): Promise<void> {
  await host.insist(async () => {
    try {
      await host.database.createCollection(stored.documents)
    } catch (error) {
      if (!isDone(error)) throw error
    }
    const indexes = [...stored.indexes].map(([name, fields]) => ({ name, key: keyOf(fields) }))
    if (indexes.length > 0) await host.database.collection(stored.documents).createIndexes(indexes)
  })
}

/**
 * Compares the indexes of a build with the declared ones. One that is missing is made anew; others that somebody
 * added do no harm.
 *
 * @returns the names of those that were made
 * @throws {IndexMismatch} one differs, or a collection is not there
 */
export async function checkIndexes(host: MongoDbHost, build: BuildEntry): Promise<string[]> {
  const checked = [...build.collections.values()].map(async (stored) => {
    const found = await indexesOf(host, build, stored)
    if (!found) return []
    const missing = [...stored.indexes].filter(([name, fields]) => {
      const index = found.find((other) => other.name === name)
      if (index && !isAsDeclared(index, fields)) throw mismatch(stored, name, fields)
      return !index
    })
    if (missing.length > 0) await createCollection(host, stored)
    return missing.map(([name]) => `${stored.documents} ${name}`)
  })
  return (await Promise.all(checked)).flat()
}

/** Undefined if the build is no more: another one has taken its place since we read of it. */
async function indexesOf(
  host: MongoDbHost,
  { build, projection }: BuildEntry,
  { documents }: StoredCollection,
): Promise<IndexDescriptionInfo[] | undefined> {
  try {
    return await host.ask(() => host.database.collection(documents).indexes())
  } catch (error) {
    if (!isDone(error)) throw error
    if (!(await host.ask(() => host.catalogue.builds.findOne({ _id: build })))) return undefined
    throw new IndexMismatch(
      `the collection ${documents} of the read model ${projection} is gone. Remove the rest of it too, and it is ` +
        `built again at the next start: db.getCollection('tidemark.builds').deleteOne({ _id: '${build}' })`,
    )
  }
}

function keyOf(fields: readonly string[]): Record<string, 1> {
  return Object.fromEntries([...fields.map(indexedPath), '_id'].map((path) => [path, 1]))
}

/** Everything that would make it hold fewer documents, or in another order, or be of no use to us. */
const foreign = ['unique', 'sparse', 'partialFilterExpression', 'collation', 'expireAfterSeconds', 'hidden']

function isAsDeclared(index: IndexDescriptionInfo, fields: readonly string[]): boolean {
  const same = JSON.stringify(Object.entries(index.key)) === JSON.stringify(Object.entries(keyOf(fields)))
  return same && foreign.every((option) => !(index as unknown as Record<string, unknown>)[option])
}

function mismatch({ documents }: StoredCollection, name: string, fields: readonly string[]): IndexMismatch {
  return new IndexMismatch(
    `the index ${name} of ${documents} is not the declared one on ${JSON.stringify(keyOf(fields))}. ` +
      `Drop it, and it is made anew at the next start: db.getCollection('${documents}').dropIndex('${name}')`,
  )
}
