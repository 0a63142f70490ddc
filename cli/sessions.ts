import { NotUnresolved, retrySession, UnknownSession } from '../commands/retry-session.js'
import { listUnresolvedSessions, type UnresolvedSession } from '../projections/queries/sessions.js'
import type { ReadStore } from '../projections/queries/live.js'
import { allItems } from './all-items.js'
import { catchUp } from './caught-up.js'
import { withLog, withSystem, WrongUsage, type Context } from './command.js'
import { table } from './output.js'
import { remarkOnWantedSessions, settledNeeds } from './wait-for-lookups.js'

/** `tidemark sessions unresolved`: the sessions of which the session service gave no answer. */
export async function listUnresolved(context: Context): Promise<void> {
  await withLog(context, async ({ readStore }) => {
    const sessions: UnresolvedSession[] = []
    for await (const session of unresolvedIn(readStore)) sessions.push(session)
    context.output.result(sessions, () =>
      sessions.length === 0
        ? 'there are no unresolved sessions'
        : table(
            sessions.map(({ sessionId, reason, lookups, at, detail }) => ({
              sessionId,
              reason,
              lookups,
              at,
              detail,
            })),
          ),
    )
  })
}

/** `tidemark sessions retry <id…>` or `--all`: has the session service asked for them again. */
export async function retrySessions(
  ids: readonly string[],
  options: { readonly all?: boolean },
  context: Context,
): Promise<void> {
  if (ids.length === 0 && !options.all) throw new WrongUsage('say which sessions to retry, or --all')
  await withSystem(context, async (system) => {
    const wanted = new Set(ids)
    if (options.all) for await (const { sessionId } of unresolvedIn(system.readStore)) wanted.add(sessionId)
    const chosen = [...wanted]
    const refusals = new Map<string, { readonly reason: string; readonly detail: string }>()
    for (const id of chosen) {
      const refusal = await refusalOf(retrySession(system.eventStore, id))
      if (!refusal) continue
      refusals.set(id, refusal)
      context.output.remark(`tidemark: ${refusal.detail}`)
    }
    await catchUp(system)
    const needs = await settledNeeds(system, chosen)
    const outcomes = chosen.map((sessionId) => ({
      sessionId,
      unresolved: needs.has(sessionId),
      // Nobody has asked for it yet.
      ...(needs.get(sessionId) === 'pending' && { pending: true }),
      ...refusals.get(sessionId),
    }))
    await remarkOnWantedSessions(system, context)
    context.output.result(outcomes, () =>
      outcomes.length === 0
        ? 'there are no unresolved sessions'
        : table(
            outcomes.map(({ sessionId, unresolved, pending = false }) => ({
              sessionId,
              unresolved,
              pending,
            })),
          ),
    )
    if (outcomes.some(({ sessionId, unresolved }) => unresolved || refusals.has(sessionId)))
      process.exitCode = 1
  })
}

/** What cannot be retried is told like any other outcome: others of the same command were. */
async function refusalOf(retrying: Promise<unknown>) {
  try {
    await retrying
    return undefined
  } catch (error) {
    if (!(error instanceof UnknownSession || error instanceof NotUnresolved)) throw error
    return { reason: error.code, detail: error.message }
  }
}

function unresolvedIn(readStore: ReadStore): AsyncIterable<UnresolvedSession> {
  return allItems((request) => listUnresolvedSessions(readStore, request))
}
