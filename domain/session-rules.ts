import type { Event } from './event.js'

/**
 * How sessions are matched with money, from here on, in milliseconds: how long a session counts after its creation, and
 * how long money waits for its session to turn up in the log before the session service is asked.
 */
export type SessionRulesSet = Event<'SessionRulesSet', SessionRules>

export interface SessionRules {
  readonly timeToLive: number
  readonly wait: number
}

/** What holds while the log says nothing else. */
export const defaultSessionRules: SessionRules = { timeToLive: 24 * 3_600_000, wait: 20_000 }

/** Of the rules: one for all sessions. */
export const sessionRulesStream = 'setting-sessions'
