import type { Build } from '../../read-store/port.js'
import { moneyClockId, rulesOf, type MoneyClock } from '../money/documents.js'
import { moneyEnriched } from '../money/money-enriched.js'
import { sessionNeeds, type MoneySession, type SessionNeed } from '../money/sessions.js'
import { ofLive, readLive, type ReadStore } from './live.js'
import { partOf, type Page, type PageRequest } from './page.js'

/** A session of which the session service gave no answer, and whose money needs one. */
export interface UnresolvedSession {
  readonly sessionId: string
  /** `unknown-session` or `service-failed`. */
  readonly reason: string
  readonly detail: string
  /** How often it was looked up. */
  readonly lookups: number
  /** When it last failed: ISO 8601, UTC (history). */
  readonly at: string
}

/** The sessions that the session service is to be asked for now, those that are wanted for longest first. */
export async function wantedSessions(
  readStore: ReadStore,
  limit: number,
): Promise<{ readonly position: number; readonly sessionIds: readonly string[] }> {
  const wanted = await ofLive(readStore, moneyEnriched.name, async (build) => {
    // Before the list is read: what has come until then is in it.
    const position = await build.checkpoint()
    const { rows } = await build.page(sessionNeeds, { index: 'needed', to: await dueBefore(build), limit })
    return { position, sessionIds: rows.map(({ id }) => id) }
  })
  return wanted ?? { position: 0, sessionIds: [] }
}

/** `pending`: the session service is to be asked. `unresolved`: it gave no answer. */
export type NeedOfSession = 'pending' | 'unresolved'

/** Those of some sessions whose money needs an answer of the session service, and what became of it. */
export async function needsOf(
  readStore: ReadStore,
  sessionIds: readonly string[],
): Promise<ReadonlyMap<string, NeedOfSession>> {
  const needs = await ofLive(readStore, moneyEnriched.name, async (build) => {
    const rows = await build.getMany(sessionNeeds, sessionIds)
    return rows.map(({ id, text }) => {
      const { unresolvedAt } = JSON.parse(text) as SessionNeed
      return [id, unresolvedAt === undefined ? 'pending' : 'unresolved'] as const
    })
  })
  return new Map(needs)
}

/** Sessions that are unresolved, in the order in which they failed. */
export function listUnresolvedSessions(
  readStore: ReadStore,
  request: PageRequest,
): Promise<Page<UnresolvedSession>> {
  return readLive(readStore, moneyEnriched.name, async (build) => {
    const { rows, next } = await build.page(sessionNeeds, { index: 'unresolved', ...partOf(request) })
    const found = await build.getMany(
      'sessions',
      rows.map(({ id }) => id),
    )
    const sessions = new Map(found.map(({ id, text }) => [id, JSON.parse(text) as MoneySession]))
    return { items: rows.map(({ id }) => unresolved(id, sessions.get(id))), next }
  })
}

/** What is needed since before this instant is to be asked for: the money clock less the wait. */
async function dueBefore(build: Build): Promise<number> {
  const [row] = await build.getMany('clocks', [moneyClockId])
  if (!row) return Number.MIN_SAFE_INTEGER
  const clock = JSON.parse(row.text) as MoneyClock
  return (clock.now ?? Number.MIN_SAFE_INTEGER) - rulesOf(clock).wait
}

function unresolved(sessionId: string, session: MoneySession | undefined): UnresolvedSession {
  const { reason = '', detail = '', at = '' } = session?.lookup?.failure ?? {}
  return { sessionId, reason, detail, lookups: session?.lookups ?? 0, at }
}
