import type { Change } from '../domain/user-info.js'
import { defaultSessionRules, type SessionRules } from '../domain/session-rules.js'
import type { Documents } from './projection.js'

/** What enrichment needs to know of one user; by user id. */
export interface MoneyUser {
  /** Every change of the user, in order (domain/user-info.ts). */
  birthYear: Change<number>[]
  residentCountryCode: Change<string>[]
  /** The greatest time of the user's money, epoch milliseconds; null while there is none. */
  latest: number | null
  /** The stretch of the log that the user's last money stands in, and how much of the user's money stands in it. */
  stretch: number
  inStretch: number
  /** How many events there are in the user's stream of enriched money. */
  published: number
}

/** Money that is the first of its user and type so far, and where it is kept; by user id and type. */
export interface FirstMoney {
  readonly processedAt: number
  readonly id: string
  readonly page: string
}

/** The money clock, and the rules that are in force. */
export interface MoneyClock {
  /** The greatest event time of money, users and sessions, epoch milliseconds; null before the first. */
  readonly now: number | null
  /** In milliseconds. The last one holds for what comes into the log from here on; the first holds from its start. */
  readonly rules: readonly (SessionRules & { readonly after: number })[]
}

/** The clock's document, of which there is one. */
export const moneyClockId = 'money'

const atTheStart: MoneyClock = { now: null, rules: [{ after: 0, ...defaultSessionRules }] }

/** The loaded user, or a new one. Whoever changes it puts it. */
export function moneyUserOf(documents: Documents, userId: string): MoneyUser {
  return documents.get<MoneyUser>('users', userId) ?? newUser()
}

export function moneyClockOf(documents: Pick<Documents, 'get'>): MoneyClock {
  return documents.get<MoneyClock>('clocks', moneyClockId) ?? atTheStart
}

/** Moves the clock on, if it is not there already. */
export function tickMoneyClock(documents: Documents, instant: number): void {
  const clock = moneyClockOf(documents)
  if (clock.now !== null && instant <= clock.now) return
  documents.put('clocks', moneyClockId, { ...clock, now: instant } satisfies MoneyClock)
}

/** How long a session counts for money that stands at a position of the log, in milliseconds. */
export function timeToLiveAt({ rules }: MoneyClock, position: number): number {
  for (let at = rules.length - 1; at >= 0; at--) {
    const rule = rules[at]
    if (rule && rule.after < position) return rule.timeToLive
  }
  return defaultSessionRules.timeToLive
}

/** The rules in force now. */
export function rulesOf({ rules }: MoneyClock): SessionRules {
  return rules.at(-1) ?? defaultSessionRules
}

function newUser(): MoneyUser {
  return {
    birthYear: [],
    residentCountryCode: [],
    latest: null,
    stretch: -1,
    inStretch: 0,
    published: 0,
  }
}
