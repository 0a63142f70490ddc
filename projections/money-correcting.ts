import { matchSession, type EnrichedMoney, type Enrichment } from '../domain/enriched-money.js'
import { formatTimestamp, parseTimestamp } from '../domain/timestamp.js'
import {
  correctionsOf,
  putCorrections,
  type Correction,
  type QueuedCorrection,
  type UserCorrection,
} from './money-corrections.js'
import { moneyClockOf, moneyUserOf, timeToLiveAt } from './money-documents.js'
import { mayReach, moneyPages, reviseMoney, userOfPage, type MoneyPage } from './money-pages.js'
import { sessionPages, type MoneySession, type SessionPages } from './money-sessions.js'
import type { Debt, Documents } from './projection.js'

/** So many pages are worked on in one slice, if not a few more. */
const pagesASlice = 200
/** So many corrections are looked at together. */
const correctionsASlice = 200

/** Corrections are owed to the money that was there before: one event may change any number of documents. */
export const correcting: Debt = {
  owes: (documents) => correctionsOf(documents).length > 0,
  pay: carryOut,
}

/** A part of a correction: the pages that it looks at in this slice, and what is left of it. */
interface Part {
  readonly queued: QueuedCorrection
  readonly pages: readonly string[]
  readonly left?: QueuedCorrection
}

/** Carries out the corrections that are next, as many as fit into a slice, in their order. */
async function carryOut(documents: Documents): Promise<void> {
  const waiting = correctionsOf(documents)
  const parts = await partsOf(waiting.slice(0, correctionsASlice), documents)
  const pages = [...new Set(parts.flatMap((part) => part.pages))]
  await documents.load(moneyPages, pages)
  await documents.load('users', [...new Set(pages.map(userOfPage))])
  for (const { queued, pages } of parts) for (const page of pages) correctPage(queued, page, documents)
  const left = parts.at(-1)?.left
  const rest = waiting.slice(parts.length)
  putCorrections(documents, left ? [left, ...rest] : rest)
}

/** Asks for everything before anything is changed: what is asked for is written to the disk first. */
async function partsOf(waiting: readonly QueuedCorrection[], documents: Documents): Promise<Part[]> {
  await documents.load(
    'sessions',
    waiting.flatMap(({ correction }) => sessionsOf(correction)),
  )
  const parts: Part[] = []
  let pages = 0
  for (const queued of waiting) {
    const part = await partOf(queued, documents)
    parts.push(part)
    pages += part.pages.length
    if (part.left || pages >= pagesASlice) break
  }
  return parts
}

async function partOf(queued: QueuedCorrection, documents: Documents): Promise<Part> {
  const { correction } = queued
  switch (correction.type) {
    case 'first':
      return { queued, pages: [correction.page] }
    case 'session':
      return partOfSession(queued, correction.sessionId, documents)
    case 'user':
      return partOfUser(queued, correction, documents)
  }
}

/** The lists of earlier pages, one a slice, and then the pages that stand in the session itself. */
async function partOfSession(
  queued: QueuedCorrection,
  sessionId: string,
  documents: Documents,
): Promise<Part> {
  const session = documents.get<MoneySession>('sessions', sessionId)
  const list = typeof queued.done === 'number' ? queued.done : 0
  if (!session || list >= session.lists) return { queued, pages: session?.pages ?? [] }
  const id = `${sessionId}/${list}`
  await documents.load(sessionPages, [id])
  const pages = documents.get<SessionPages>(sessionPages, id)?.pages ?? []
  return { queued, pages, left: { ...queued, done: list + 1 } }
}

/** The pages that hold money of the user's in the time. */
async function partOfUser(
  queued: QueuedCorrection,
  { userId, from, to }: UserCorrection,
  documents: Documents,
): Promise<Part> {
  const start = typeof queued.done === 'string' ? `${queued.done}!` : `${userId}/${dayOf(from)}/`
  const end = to === null ? `${userId}/~` : `${userId}/${dayOf(to - 1)}/~`
  const { rows, next } = await documents.page(moneyPages, { from: start, to: end, limit: pagesASlice })
  const pages = rows.filter(({ text }) => mayReach(text, from, to)).map(({ id }) => id)
  const last = rows.at(-1)?.id
  return {
    queued,
    pages,
    ...(next !== undefined && last !== undefined && { left: { ...queued, done: last } }),
  }
}

function correctPage(queued: QueuedCorrection, pageId: string, documents: Documents): void {
  const page = documents.get<MoneyPage>(moneyPages, pageId)
  if (!page) return
  const userId = userOfPage(pageId)
  const user = moneyUserOf(documents, userId)
  const revision = { user, cause: queued.cause, documents }
  let changed = false
  for (const [index, money] of page.money.entries()) {
    const position = page.positions[index] ?? 0
    if (position >= queued.position) continue
    const change = changeOf(queued.correction, money, position, documents)
    if (change && reviseMoney(page, index, change, revision)) changed = true
  }
  if (!changed) return
  documents.put(moneyPages, pageId, page)
  documents.put('users', userId, user)
}

/** What a correction says of some money; undefined if it is about other money. */
function changeOf(
  correction: Correction,
  { money, userInfo }: EnrichedMoney,
  position: number,
  documents: Documents,
): Partial<Enrichment> | undefined {
  switch (correction.type) {
    case 'first':
      return money.id === correction.id ? { firstOccurrence: false } : undefined
    case 'session': {
      if (money.userSessionId !== correction.sessionId) return undefined
      const timeToLive = timeToLiveAt(moneyClockOf(documents), position)
      return { session: matchSession(money, correction, timeToLive) }
    }
    case 'user': {
      const instant = parseTimestamp(money.processedAt)
      if (instant < correction.from || (correction.to !== null && instant >= correction.to)) return undefined
      return { userInfo: { ...userInfo, [correction.field]: correction.value } }
    }
  }
}

function sessionsOf(correction: Correction): string[] {
  return correction.type === 'session' ? [correction.sessionId] : []
}

function dayOf(instant: number): string {
  return formatTimestamp(instant).slice(0, 10)
}
