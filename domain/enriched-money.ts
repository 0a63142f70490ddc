import type { Event, Metadata, NewEvent } from './event.js'
import type { Money } from './money.js'
import type { Creation } from './session.js'
import { parseTimestamp } from './timestamp.js'
import { uuidV5Namespace } from './uuid.js'

/** What is known of the session of some money (docs/semantics.md, Money enrichment: Session info). */
export type SessionStatus = 'known' | 'looked-up' | 'pending' | 'none' | 'unresolved'

/** Money with what is known of its user and its session. Options that are absent are left out. */
export interface EnrichedMoney {
  readonly money: Omit<Money, 'openingBalance'>
  readonly userInfo?: UserInfo
  readonly sessionInfo?: SessionInfo
  /** Of all money of its user and type it is the first: by time, then by id. */
  readonly firstOccurrence: boolean
  readonly enrichment: {
    readonly session: SessionStatus
    /** How often it was published (history). */
    readonly revision: number
  }
}

/** As of the money's event time. */
export interface UserInfo {
  readonly birthYear?: number
  readonly residentCountryCode?: string
}
export interface SessionInfo {
  readonly clientCountryCode: string
}

/** It is no longer pending, or it has changed. Events of the streams `enriched-<userId>`. */
export type MoneyEnriched = Event<'MoneyEnriched', EnrichedMoney>

/** All that the enrichment of some money depends on, besides itself. */
export interface Enrichment {
  readonly userInfo: UserInfo
  readonly session: SessionMatch
  readonly firstOccurrence: boolean
}
export interface SessionMatch {
  readonly status: SessionStatus
  readonly clientCountryCode?: string
}

/** What the log says of one session. */
export interface SessionFacts {
  readonly created: Creation | null
  /**
   * What the last lookup came to: nothing, if it has no country code; null while there was none, or while it is to be
   * done again.
   */
  readonly lookup: { readonly clientCountryCode?: string } | null
}

/**
 * What is known of the session of some money. A session in the log counts for its time to live, and not for old money;
 * otherwise the session service has to say.
 *
 * @param facts of its session; undefined if it names none
 * @param timeToLive of a session, in milliseconds
 */
export function matchSession(
  money: Pick<Money, 'processedAt' | 'isOldMoneyEvent'>,
  facts: SessionFacts | undefined,
  timeToLive: number,
): SessionMatch {
  if (!facts) return noSession
  const { created, lookup } = facts
  if (created && !money.isOldMoneyEvent && !isExpired(money, created, timeToLive)) {
    return { status: 'known', clientCountryCode: created.clientCountryCode }
  }
  if (!lookup) return pending
  const { clientCountryCode } = lookup
  return clientCountryCode === undefined ? unresolved : { status: 'looked-up', clientCountryCode }
}

/** Money as it is first enriched. */
export function enriched(money: Money, enrichment: Enrichment): EnrichedMoney {
  return build(moneyPart(money), enrichment, enrichment.session.status === 'pending' ? 0 : 1)
}

/**
 * Money after what it depends on has changed: the same object if that makes no difference. Whatever is no longer
 * pending, or changes after that, is a revision to be published.
 */
export function revised(document: EnrichedMoney, change: Partial<Enrichment>): EnrichedMoney {
  const { userInfo = document.userInfo ?? {}, session = matchOf(document) } = change
  const { firstOccurrence = document.firstOccurrence } = change
  const next = { userInfo, session, firstOccurrence }
  if (isSame(document, next)) return document
  const { revision } = document.enrichment
  return build(document.money, next, session.status === 'pending' ? revision : revision + 1)
}

/** Whether a document that {@link enriched} or {@link revised} has just made is to be published. */
export function isPublished({ enrichment }: EnrichedMoney): boolean {
  return enrichment.session !== 'pending'
}

/** @param document without anything that is not to be published */
export function moneyEnriched(document: EnrichedMoney, metadata: Metadata): NewEvent<MoneyEnriched> {
  const { id, userId } = document.money
  return {
    id: revisionId(`${userId}/${id}/${document.enrichment.revision}`),
    stream: enrichedStream(userId),
    type: 'MoneyEnriched',
    data: document,
    metadata,
  }
}

export function enrichedStream(userId: string): string {
  return `enriched-${userId}`
}

/** Money that names no session. */
export const noSession: SessionMatch = { status: 'none' }
const pending: SessionMatch = { status: 'pending' }
const unresolved: SessionMatch = { status: 'unresolved' }

function isExpired(
  { processedAt }: Pick<Money, 'processedAt'>,
  created: Creation,
  timeToLive: number,
): boolean {
  return parseTimestamp(processedAt) >= created.processedAt + timeToLive
}

function matchOf({ enrichment, sessionInfo }: EnrichedMoney): SessionMatch {
  return { status: enrichment.session, ...sessionInfo }
}

function isSame(document: EnrichedMoney, { userInfo, session, firstOccurrence }: Enrichment): boolean {
  return (
    document.userInfo?.birthYear === userInfo.birthYear &&
    document.userInfo?.residentCountryCode === userInfo.residentCountryCode &&
    document.enrichment.session === session.status &&
    document.sessionInfo?.clientCountryCode === session.clientCountryCode &&
    document.firstOccurrence === firstOccurrence
  )
}

/** The fields in one order, whatever the order of those of the event: documents are compared byte for byte. */
function moneyPart(money: Money): EnrichedMoney['money'] {
  const { id, userId, userSessionId, processedAt, amount, currency, closingBalance, moneyType } = money
  const { isOldMoneyEvent } = money
  if (userSessionId === undefined)
    return { id, userId, processedAt, amount, currency, closingBalance, moneyType, isOldMoneyEvent }
  return {
    id,
    userId,
    userSessionId,
    processedAt,
    amount,
    currency,
    closingBalance,
    moneyType,
    isOldMoneyEvent,
  }
}

function build(money: EnrichedMoney['money'], enrichment: Enrichment, revision: number): EnrichedMoney {
  const { userInfo, session, firstOccurrence } = enrichment
  const document: { -readonly [Field in keyof EnrichedMoney]?: EnrichedMoney[Field] } = { money }
  const user = userPart(userInfo)
  if (user) document.userInfo = user
  if (session.clientCountryCode !== undefined)
    document.sessionInfo = { clientCountryCode: session.clientCountryCode }
  document.firstOccurrence = firstOccurrence
  document.enrichment = { session: session.status, revision }
  return document as EnrichedMoney
}

function userPart({ birthYear, residentCountryCode }: UserInfo): UserInfo | undefined {
  if (birthYear === undefined) return residentCountryCode === undefined ? undefined : { residentCountryCode }
  return residentCountryCode === undefined ? { birthYear } : { birthYear, residentCountryCode }
}

const revisionId = uuidV5Namespace('d40f2c1b-8f9d-4f63-9d0a-2b6c1e7a5f38')
