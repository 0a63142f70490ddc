import { randomUUID } from 'node:crypto'
import { defaultSessionRules, sessionRulesStream, type SessionRules } from '../domain/session-rules.js'
import type { EventStore } from '../event-store/port.js'

/**
 * Makes the configured rules a fact, if they are not what the log says already: a rebuild must find those that held at
 * the time, not those of today.
 *
 * @param rules one that is not there stays what it is in the log
 */
export async function setSessionRules(eventStore: EventStore, rules: Partial<SessionRules>): Promise<void> {
  if (rules.timeToLive === undefined && rules.wait === undefined) return
  const page = await eventStore.readStream(sessionRulesStream, { direction: 'backward', limit: 1 })
  const known = (page[0]?.data as SessionRules | undefined) ?? defaultSessionRules
  const { timeToLive, wait } = { ...known, ...rules }
  if (known.timeToLive === timeToLive && known.wait === wait) return
  const event = { type: 'SessionRulesSet', data: { timeToLive, wait } }
  await eventStore.append([{ id: randomUUID(), stream: sessionRulesStream, ...event, metadata: {} }])
}
