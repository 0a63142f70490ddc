import { randomUUID } from 'node:crypto'
import type { ClientSession } from 'mongodb'
import { Fenced } from '../errors.js'
import { checkpointId, type BuildDocument } from './catalogue.js'
import type { MongoDbHost } from './host.js'
import { endRunners } from './runner.js'
import { isConflict, isDuplicate } from './trouble.js'
import type { Build, Replacing } from '../port.js'

type Named = Pick<Build, 'projection' | 'build'>

/**
 * Makes a build the live one, and takes the one that it replaces out of the catalogue, in one transaction. A promotion
 * whose answer was lost is recognised by the name that it left.
 *
 * @throws {Fenced}
 */
export async function promoteBuild(host: MongoDbHost, build: Named, replacing?: Replacing): Promise<void> {
  const { builds } = host.catalogue
  const promotion = randomUUID()
  const act = async (session: ClientSession) => {
    const own = await builds.findOne({ _id: build.build, projection: build.projection }, { session })
    if (own?.promotion === promotion) return
    if (own?.state !== 'building') throw new Refused()
    if (replacing) await remove(host, replacing, build.projection, session)
    await builds.updateOne({ _id: build.build }, { $set: { state: 'live', promotion } }, { session })
  }
  // A runner of the replaced build is in the way, perhaps a dead one.
  const makeWay = async (error: unknown) => {
    if (isConflict(error) && replacing) await endRunners(host, { build: replacing.build.build })
  }
  try {
    await host.change(act, makeWay)
  } catch (error) {
    if (!(error instanceof Refused || isDuplicate(error))) throw error
    throw await cannotPromote(host, build, replacing)
  }
}

/** Ends a promotion that is not to be. So does the unique index of live builds. */
class Refused extends Error {}

/** Takes a build that is not live out of the catalogue, with its checkpoints: from then on nobody writes it. */
export async function discardBuild(host: MongoDbHost, { build }: Pick<Build, 'build'>): Promise<void> {
  const { builds, checkpoints } = host.catalogue
  const act = async (session: ClientSession) => {
    const { deletedCount } = await builds.deleteOne({ _id: build, state: 'building' }, { session })
    if (deletedCount > 0) await checkpoints.deleteMany({ build }, { session })
  }
  const makeWay = async (error: unknown) => {
    if (isConflict(error)) await endRunners(host, { build })
  }
  await host.change(act, makeWay)
}

/** @throws {Refused} the live build is not the expected one, or does not stand where it was expected */
async function remove(
  { catalogue: { builds, checkpoints } }: MongoDbHost,
  { build: { build }, at }: Replacing,
  projection: string,
  session: ClientSession,
): Promise<void> {
  if (at.length === 0) throw new Refused()
  const expected = { _id: build, projection, state: 'live', partitions: at.length } as const
  const removed = await builds.deleteOne(expected, { session })
  const stands = at.map((checkpoint, partition) => ({ _id: checkpointId(build, partition), checkpoint }))
  const marks = await checkpoints.deleteMany({ $or: stands }, { session })
  if (removed.deletedCount !== 1 || marks.deletedCount !== at.length) throw new Refused()
}

async function cannotPromote(host: MongoDbHost, build: Named, replacing?: Replacing): Promise<Fenced> {
  const { builds, checkpoints } = host.catalogue
  const name = `build ${build.build} of ${build.projection}`
  const own = await host.ask(() => builds.findOne({ _id: build.build }))
  if (!own) return new Fenced(`${name} cannot become live: it has been discarded`)
  if (own.state === 'live') return new Fenced(`${name} is live already`)
  const live = await host.ask(() => builds.findOne({ projection: build.projection, state: 'live' }))
  const marks = live
    ? await host.ask(() => checkpoints.find({ build: live._id }).sort({ _id: 1 }).toArray())
    : []
  const actual = describe(
    live,
    marks.map(({ checkpoint }) => checkpoint),
  )
  const expected = replacing ? describe({ _id: replacing.build.build }, replacing.at) : 'none'
  return new Fenced(`${name} cannot become live: the live build is ${actual}, expected was ${expected}`)
}

function describe(build: Pick<BuildDocument, '_id'> | null, at: readonly number[]): string {
  return build ? `${build._id} at ${JSON.stringify(at)}` : 'none'
}
