import { ErrorType, jsonEvent } from '@eventstore/db-client'
import { randomUUID } from 'node:crypto'
import { LogUnusable } from '../errors.js'
import type { Connection } from './connection.js'
import { positionOf } from './events.js'
import { isOfType } from './failures.js'
import { claimStream, type StreamNames } from './names.js'
import type { Patience } from './patience.js'
import type { Reads } from './reads.js'

const claimType = 'LogClaimed'

/**
 * Makes a server, or a namespace of it, the home of a log: the first event there says so. It is no event of the log.
 * Nothing of ours stands before it, so that a log in a server with much else in it is read from there.
 *
 * @returns the position of the claim: all events of ours come after it
 * @throws {LogUnusable} another application has a stream of that name
 */
export async function claimLog(
  connection: Connection,
  reads: Reads,
  names: StreamNames,
  patience: Patience,
): Promise<number> {
  const name = names.inServer(claimStream)
  const trial = patience.trial('opening')
  for (;;) {
    try {
      const claim = await readClaim(reads, name)
      if (claim !== undefined) return claim
      const event = jsonEvent({
        id: randomUUID(),
        type: claimType,
        data: { application: 'Tidemark', namespace: names.namespace ?? null },
      })
      await connection.append(name, [event], -1)
    } catch (error) {
      if (!isOfType(error, ErrorType.WRONG_EXPECTED_VERSION)) await trial.failed(error)
    }
  }
}

async function readClaim(reads: Reads, name: string): Promise<number | undefined> {
  let position: number | undefined
  await reads.stream(name, { limit: 1 }, (event) => {
    if (event.type !== claimType || (event.data as { application?: unknown }).application !== 'Tidemark') {
      throw new LogUnusable(
        `the stream ${name} of EventStoreDB belongs to another application: ` +
          'choose a namespace of your own (TIDEMARK_NAMESPACE), or another server',
      )
    }
    // Once the stream was deleted, what came before it is not known any more.
    position = event.revision === 0n ? positionOf(event) : 0
  })
  return position
}
