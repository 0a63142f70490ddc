import { ErrorType } from '@eventstore/db-client'
import { batchesAtOnce, type Connection } from './connection.js'
import type { Outgoing } from './events.js'
import { isOfType } from './failures.js'

/** One append to one stream: all or nothing. */
export interface Run {
  /** Of the stream in the server. */
  readonly name: string
  /** The expected one, −1 if the stream must not exist. */
  readonly revision: number
  readonly events: readonly Outgoing[]
  /** Nothing that is no guard itself is sent before the guards ahead of it are answered. */
  readonly guard?: boolean
}

/** What the server says of the appends to one stream. It is not to be trusted: see tails.ts. */
export interface Answered {
  /** Of the last event. */
  readonly revision: number
  /** Of the last event of the first append, and of the last one. */
  readonly first: number
  readonly position: number
}

export interface Sent {
  /** The streams to which something was sent, with the answer if all of it was answered. */
  readonly streams: ReadonlyMap<string, Answered | undefined>
  /** The first failure; what was sent after it may have been made all the same. */
  readonly failure?: Error
  /** It is that somebody else has written to the stream. */
  readonly conflict: boolean
}

/**
 * Sends appends without waiting for each answer: they travel through one call, and the server makes them in their
 * order. Stops at the first that fails, so that nearly nothing comes to stand before something that is missing. The
 * first goes alone: it may be the one for which the client makes the call, and then the second would overtake it.
 */
export async function sendInOrder(connection: Connection, runs: Iterable<Run>): Promise<Sent> {
  const streams = new Map<string, Answered | undefined>()
  const unanswered = new Set<string>()
  /** Runs, and guards among them, that were not answered yet. */
  const pending = { runs: 0, guards: 0 }
  let failure: Error | undefined
  let answered = () => {}
  const moreAnswers = () => new Promise<void>((resolve) => (answered = resolve))
  const send = async ({ name, events, revision, guard }: Run) => {
    pending.runs++
    if (guard) pending.guards++
    if (!streams.has(name)) streams.set(name, undefined)
    try {
      const answer = await connection.append(
        name,
        events.map(({ event }) => event),
        revision,
      )
      const position = Number(answer.position?.commit ?? 0)
      const first = streams.get(name)?.first ?? position
      streams.set(name, { revision: Number(answer.nextExpectedRevision), first, position })
    } catch (error) {
      unanswered.add(name)
      failure ??= error instanceof Error ? error : new Error(String(error))
    }
    pending.runs--
    if (guard) pending.guards--
    answered()
  }
  let atOnce = 1
  for (const run of runs) {
    while (pending.runs >= atOnce || (pending.guards > 0 && !run.guard)) {
      await moreAnswers()
      if (connection.batches) atOnce = batchesAtOnce
    }
    if (failure) break
    void send(run)
  }
  while (pending.runs > 0) await moreAnswers()
  for (const name of unanswered) streams.set(name, undefined)
  const conflict = isOfType(failure, ErrorType.WRONG_EXPECTED_VERSION)
  return { streams, conflict, ...(failure ? { failure } : {}) }
}
