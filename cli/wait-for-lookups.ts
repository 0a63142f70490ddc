import { setTimeout as delay } from 'node:timers/promises'
import { needsOf, wantedSessions, type NeedOfSession } from '../projections/queries/sessions.js'
import type { Context } from './command.js'
import type { System } from './compose.js'

/** A lookup takes no longer, whatever the session service does, in milliseconds. */
const longestLookup = 6_000
/** Between two looks at what another process has looked up, in milliseconds. */
const lookAgainAfter = 50
/** More sessions than these are only said to be many. */
const countedSessions = 1_000

/**
 * Waits for the lookups that run here, for as long as the session service answers: once it has been silent for as long as
 * a lookup may take, nobody waits for it. Answers whether anything was looked up meanwhile.
 */
export async function waitForLookups({ lookups }: Pick<System, 'lookups'>): Promise<boolean> {
  if (!lookups) return false
  const before = lookups.answers
  let settled = false
  const settling = lookups.settled().then(() => void (settled = true))
  for (let answers = -1; !settled && lookups.answers > answers;) {
    answers = lookups.answers
    await Promise.race([settling, delay(longestLookup, undefined, { ref: false })])
  }
  return lookups.answers > before
}

/**
 * What some sessions need of the session service, once that has been asked by whatever process does so, or is silent for
 * as long as a lookup may take. Where it is this process, {@link waitForLookups} has waited.
 */
export async function settledNeeds(
  system: Pick<System, 'lookups' | 'project' | 'readStore'>,
  sessionIds: readonly string[],
): Promise<ReadonlyMap<string, NeedOfSession>> {
  let needs = await needsOf(system.readStore, sessionIds)
  if (system.lookups) return needs
  const lookedUpElsewhere = !(await system.project())
  for (let since = performance.now(); lookedUpElsewhere && performance.now() - since < longestLookup;) {
    const before = pendingOf(needs)
    if (before === 0) break
    await delay(lookAgainAfter)
    needs = await needsOf(system.readStore, sessionIds)
    if (pendingOf(needs) < before) since = performance.now()
  }
  return needs
}

function pendingOf(needs: ReadonlyMap<string, NeedOfSession>): number {
  return [...needs.values()].filter((need) => need === 'pending').length
}

/** Says how many sessions nobody has asked for yet: their money is pending. */
export async function remarkOnWantedSessions(
  { readStore }: Pick<System, 'readStore'>,
  { config, output }: Context,
): Promise<void> {
  const { sessionIds } = await wantedSessions(readStore, countedSessions)
  const { length } = sessionIds
  if (length === 0) return
  const count = length < countedSessions ? length : `${countedSessions} or more`
  const why =
    config.sessionServiceUrl === undefined
      ? 'SESSION_SERVICE_URL is not set'
      : 'they are asked for while tidemark serve runs'
  output.remark(`money of ${count} session${length === 1 ? '' : 's'} is pending: ${why}`)
}
