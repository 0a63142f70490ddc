import type { ClientSession, Filter, UUID } from 'mongodb'
import { ReadStoreError } from '../errors.js'
import { checkpointId, type RunnerDocument } from './catalogue.js'
import type { MongoDbHost } from './host.js'
import { isUnknownCommand } from './trouble.js'

/**
 * A process that is killed leaves its transaction open: the server keeps it, and with it the checkpoint and the
 * documents, until its lifetime is over (60 s by default). So whoever writes a partition leaves the id of its session,
 * and whoever comes next ends what is still open there. To a living runner that is an interruption like any other: it
 * tries again, and finds out by the checkpoint who has won.
 */
export async function claimPartition(
  host: MongoDbHost,
  build: string,
  partition: number,
  session: ClientSession,
): Promise<void> {
  const mine = sessionId(session)
  const claim = { $set: { build, session: mine } }
  const before = await host.insist(() =>
    host.catalogue.runners.findOneAndUpdate({ _id: checkpointId(build, partition) }, claim, {
      upsert: true,
      returnDocument: 'before',
    }),
  )
  if (before && !before.session.equals(mine)) await endSessions(host, [before.session])
}

/** Ends what writers have open, but not what `except` has. */
export async function endRunners(
  host: MongoDbHost,
  which: Filter<RunnerDocument>,
  except?: ClientSession,
): Promise<void> {
  const runners = await host.ask(() => host.catalogue.runners.find(which).toArray())
  const mine = except && sessionId(except)
  const others = runners.map(({ session }) => session).filter((session) => !mine || !session.equals(mine))
  if (others.length > 0) await endSessions(host, others)
}

/**
 * Everyone may end sessions of his own user. Where the server cannot do it, does not allow it or is away, what is open
 * there ends when its time is over.
 */
async function endSessions(host: MongoDbHost, sessions: readonly UUID[]): Promise<void> {
  try {
    const command = { killSessions: sessions.map((id) => ({ id })) }
    await host.ask(() => host.client.db('admin').command(command))
  } catch (error) {
    if (!(error instanceof ReadStoreError || isUnknownCommand(error))) throw error
  }
}

function sessionId({ id }: ClientSession): UUID {
  if (!id) throw new TypeError('the session has no id')
  return id.id.toUUID()
}
