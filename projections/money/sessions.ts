import { matchSession, type SessionFacts, type SessionMatch } from '../../domain/enriched-money.js'
import type { RecordedEvent } from '../../domain/event.js'
import type { Money } from '../../domain/money.js'
import type { LookupFailure, SessionLookedUp, SessionLookupFailed } from '../../domain/session-lookup.js'
import { firstCreation, type Creation, type SessionCreated } from '../../domain/session.js'
import { formatTimestamp, parseTimestamp } from '../../domain/timestamp.js'
import { change } from './waiting-changes.js'
import type { Documents } from '../projection.js'

/** What enrichment knows of one session: from the log, from the session service, and of its money. By session id. */
export interface MoneySession {
  /** The creation that counts, if the log has any. */
  created: Creation | null
  /** What the last lookup came to; null while there was none, or while it is to be done again. */
  lookup: SettledLookup | null
  /** How many lookups have been answered or have failed. */
  lookups: number
  /** Any of its money is old. */
  old: boolean
  /** The least time of its money that is not old, epoch milliseconds. */
  earliest: number | null
  /** A session that was created by then has expired for some of its money, epoch milliseconds. */
  expiry: number | null
  /** Where its money is kept: the pages that were added last, and how many lists of earlier ones there are. */
  pages: string[]
  lists: number
  /** What stands in {@link sessionNeeds}. */
  need: SessionNeed | null
}

/** A session of which some money needs an answer of the session service: it is to be asked, or has failed. */
export interface SessionNeed {
  /**
   * While the session service is to be asked: from when on, as an event time in epoch milliseconds, to which the wait is
   * to be added; {@link atOnce} where there is nothing to wait for.
   */
  readonly neededSince?: number
  /** While its last lookup has failed: the position of the failure. */
  readonly unresolvedAt?: number
}

export interface SettledLookup {
  readonly clientCountryCode?: string
  readonly failure?: { readonly reason: LookupFailure; readonly detail: string; readonly at: string }
  /** Of its event in the log. */
  readonly position: number
}

/** Comes before every instant. */
export const atOnce = Number.MIN_SAFE_INTEGER
/** The sessions whose money needs an answer, by session id: what the session service is to be asked for. */
export const sessionNeeds = 'session-needs'
/** Lists of pages of sessions with much money, by session id and number. */
export const sessionPages = 'session-pages'
/** So many pages stand in the session itself, or in a list. */
const pagesAList = 64

export interface SessionPages {
  readonly pages: readonly string[]
}

function moneySessionOf(documents: Documents, sessionId: string): MoneySession {
  return documents.get<MoneySession>('sessions', sessionId) ?? newSession()
}

/**
 * Counts new money of a session, and tells what is known of the session for it.
 *
 * @param at when the money was moved, epoch milliseconds
 * @param pageId where it is kept
 */
export function matchMoney(
  documents: Documents,
  sessionId: string,
  money: Money,
  at: number,
  timeToLive: number,
  pageId: string,
): SessionMatch {
  const session = moneySessionOf(documents, sessionId)
  if (money.isOldMoneyEvent) session.old = true
  else {
    if (session.earliest === null || at < session.earliest) session.earliest = at
    if (session.expiry === null || at - timeToLive > session.expiry) session.expiry = at - timeToLive
  }
  addPage(sessionId, session, pageId, documents)
  putSession(sessionId, session, documents)
  return matchSession(money, session, timeToLive)
}

/** A creation that counts changes what is known for the money that is there already. */
export function createSession(event: RecordedEvent<SessionCreated>, documents: Documents): void {
  const { sessionId, clientCountryCode } = event.data
  const session = moneySessionOf(documents, sessionId)
  const creation = { processedAt: parseTimestamp(event.data.processedAt), clientCountryCode }
  const first = firstCreation(session.created, creation)
  if (first === session.created) return
  session.created = first
  settle(sessionId, session, event, documents)
}

export function takeAnswer(event: RecordedEvent<SessionLookedUp>, documents: Documents): void {
  const { sessionId, lookup, clientCountryCode } = event.data
  const session = moneySessionOf(documents, sessionId)
  session.lookup = { clientCountryCode, position: event.position }
  session.lookups = lookup
  settle(sessionId, session, event, documents)
}

export function takeFailure(event: RecordedEvent<SessionLookupFailed>, documents: Documents): void {
  const { sessionId, lookup, reason, detail } = event.data
  const session = moneySessionOf(documents, sessionId)
  const at = formatTimestamp(event.recordedTime)
  session.lookup = { failure: { reason, detail, at }, position: event.position }
  session.lookups = lookup
  settle(sessionId, session, event, documents)
}

/** Somebody wants the lookup to be done again: its money is pending meanwhile. */
export function lookUpAgain(event: RecordedEvent, sessionId: string, documents: Documents): void {
  const session = moneySessionOf(documents, sessionId)
  session.lookup = null
  settle(sessionId, session, event, documents)
}

/** Stores a session that has changed, and has its money corrected. */
function settle(sessionId: string, session: MoneySession, event: RecordedEvent, documents: Documents): void {
  putSession(sessionId, session, documents)
  if (session.pages.length === 0) return
  const { created, lookup } = session
  change(documents, event, { type: 'session', sessionId, created, lookup: lookup && answerOf(lookup) })
}

function putSession(sessionId: string, session: MoneySession, documents: Documents): void {
  const need = needOf(session)
  if (!isSame(need, session.need)) {
    if (need) documents.put(sessionNeeds, sessionId, need)
    else documents.delete(sessionNeeds, sessionId)
    session.need = need
  }
  documents.put('sessions', sessionId, session)
}

/** What some money of the session needs of the session service, if any does. */
function needOf({ lookup, old, created, earliest, expiry }: MoneySession): SessionNeed | null {
  const isExpired = created !== null && expiry !== null && created.processedAt <= expiry
  const since = old || isExpired ? atOnce : created ? null : earliest
  if (since === null) return null
  if (!lookup) return { neededSince: since }
  return lookup.failure ? { unresolvedAt: lookup.position } : null
}

function isSame(a: SessionNeed | null, b: SessionNeed | null): boolean {
  return a === b || (a?.neededSince === b?.neededSince && a?.unresolvedAt === b?.unresolvedAt)
}

function answerOf({ clientCountryCode }: SettledLookup): SessionFacts['lookup'] {
  return clientCountryCode === undefined ? {} : { clientCountryCode }
}

function addPage(sessionId: string, session: MoneySession, pageId: string, documents: Documents): void {
  if (session.pages.includes(pageId)) return
  if (session.pages.length === pagesAList) {
    const id = `${sessionId}/${session.lists++}`
    documents.put(sessionPages, id, { pages: session.pages } satisfies SessionPages)
    session.pages = []
  }
  session.pages.push(pageId)
}

function newSession(): MoneySession {
  return {
    created: null,
    lookup: null,
    lookups: 0,
    old: false,
    earliest: null,
    expiry: null,
    pages: [],
    lists: 0,
    need: null,
  }
}
