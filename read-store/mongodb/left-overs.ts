import { ReadStoreUnavailable } from '../errors.js'
import { buildOf } from './catalogue.js'
import type { MongoDbHost } from './host.js'
import { endRunners } from './runner.js'
import { isDone } from './trouble.js'

/**
 * Drops the collections that no build owns any more, but those of a build that somebody reads a snapshot of. Safe at
 * any time and from anywhere: the catalogue knows a build before it has collections. Where the server is away or we
 * are killed half-way, the next one to come here does it: what the caller asked for has been done already.
 */
export async function dropLeftOvers(host: MongoDbHost): Promise<void> {
  await unlessAway(async () => {
    const left = await leftOvers(host)
    if (left.length === 0) return
    const builds = { build: { $in: left.map(({ build }) => build) } }
    // What a dead runner has open would stop the drop.
    await endRunners(host, builds)
    for (const { documents } of left) await dropCollection(host, documents)
    await host.ask(() => host.catalogue.runners.deleteMany(builds))
  })
}

/** Removes what dead stores had for a while: databases, the snapshots they read, and the sign of life they gave. */
export async function removeDead(host: MongoDbHost): Promise<void> {
  const { client, catalogue, owner } = host
  await unlessAway(async () => {
    // What they have is looked up first: who comes meanwhile is not missed among the living.
    const scratches = await host.ask(() => catalogue.scratches.find().toArray())
    const snapshots = await host.ask(() => catalogue.snapshots.find().toArray())
    const living = await host.ask(() => owner.living())
    for (const { _id, owner } of scratches) {
      if (living.has(owner)) continue
      await host.ask(() => client.db(_id).dropDatabase())
      await host.ask(() => catalogue.scratches.deleteOne({ _id }))
    }
    const ended = snapshots.filter(({ owner }) => !living.has(owner)).map(({ _id }) => _id)
    await host.ask(() => catalogue.snapshots.deleteMany({ _id: { $in: ended } }))
    await host.ask(() => catalogue.owners.deleteMany({ $expr: { $lte: ['$ends', '$$NOW'] } }))
  })
}

/** The collections are looked up first: the build of one that was made since is not missed in the catalogue. */
async function leftOvers(host: MongoDbHost): Promise<{ documents: string; build: string }[]> {
  const { database, catalogue, owner } = host
  const collections = await host.ask(() => database.listCollections({}, { nameOnly: true }).toArray())
  const builds = await host.ask(() => catalogue.builds.distinct('_id'))
  const left = collections.flatMap(({ name }) => {
    const build = buildOf(name)
    return build === undefined || builds.includes(build) ? [] : [{ documents: name, build }]
  })
  if (left.length === 0) return left
  const living = await host.ask(() => owner.living())
  const read = await host.ask(() => catalogue.snapshots.find({ owner: { $in: [...living] } }).toArray())
  return left.filter(({ build }) => !read.some((snapshot) => snapshot.build === build))
}

async function dropCollection(host: MongoDbHost, documents: string): Promise<void> {
  try {
    await host.ask(() => host.database.dropCollection(documents))
  } catch (error) {
    if (!isDone(error)) throw error
  }
}

async function unlessAway(act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!(error instanceof ReadStoreUnavailable)) throw error
  }
}
