import { defaultSessionRules, type SessionRules } from '../../domain/session-rules.js'
import type { Change } from '../../domain/user-info.js'
import type { Documents } from '../projection.js'

/** What enrichment needs to know of one user; by user id. */
export interface MoneyUser {
  /** Every change of the user, in order (domain/user-info.ts). */
  birthYear: Change<number>[]
  residentCountryCode: Change<string>[]
  /** By type of money: the first. There are few types. */
  firsts: FirstMoney[]
  /** The greatest time of the user's money, epoch milliseconds; null while there is none. */
  latest: number | null
  /** The page that the user's last money was put on. */
  page: OpenPage | null
  /** How many events there are in the user's stream of enriched money. */
  published: number
}

/** Money that is the first of its user and type so far, and where it is kept. The time is epoch milliseconds. */
export type FirstMoney = [moneyType: string, processedAt: number, id: string, page: string]

/** A page that may take more money. */
export interface OpenPage {
  readonly id: string
  /** Of its money: `yyyy-MM-dd`, UTC. */
  readonly day: string
  count: number
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
export function tickMoneyClock(clock: MoneyClock, documents: Documents, instant: number): void {
  if (clock.now !== null && instant <= clock.now) return
  documents.put('clocks', moneyClockId, { now: instant, rules: clock.rules } satisfies MoneyClock)
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
  return { birthYear: [], residentCountryCode: [], firsts: [], latest: null, page: null, published: 0 }
}
