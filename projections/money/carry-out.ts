import { match } from 'ts-pattern'
import { formatTimestamp } from '../../domain/timestamp.js'
import { changesOf, putChanges, type UserChange, type WaitingChange } from './waiting-changes.js'
import { changePage } from './page-changes.js'
import { mayReach, moneyPages, userOfPage, type MoneyPage } from './pages.js'
import { sessionPages, type MoneySession, type SessionPages } from './sessions.js'
import type { Debt, Documents } from '../projection.js'

/** So many changes are carried out in one slice, and so many pages looked at, if not a few more. */
const changesASlice = 1_000
const pagesASlice = 200

/** Changes are owed to the money that is kept: one event may change any number of documents. */
export const changing: Debt = {
  owes: (documents) => changesOf(documents).length > 0,
  pay: carryOut,
}

/** A part of a change: the pages that it concerns in this slice, and what is left of it. */
interface Part {
  readonly waiting: WaitingChange
  readonly pages: readonly string[]
  readonly left?: WaitingChange
}

/** Carries out the changes that are next, as many as fit into a slice, in their order. */
async function carryOut(documents: Documents): Promise<void> {
  const changes = changesOf(documents)
  const ready = carryOutReady(changes, documents)
  if (ready > 0) return putChanges(documents, changes.slice(ready))
  const parts = await partsOf(changes.slice(0, changesASlice), documents)
  const pages = [...new Set(parts.flatMap((part) => part.pages))]
  await documents.load(moneyPages, pages)
  await documents.load('users', [...new Set(pages.map(userOfPage))])
  for (const { waiting, pages } of parts) for (const page of pages) changePage(waiting, page, documents)
  const left = parts.at(-1)?.left
  const rest = changes.slice(parts.length)
  putChanges(documents, left ? [left, ...rest] : rest)
}

/** Most changes concern pages that are at hand: those need not be asked for. Answers how many were carried out. */
function carryOutReady(changes: readonly WaitingChange[], documents: Documents): number {
  let ready = 0
  for (const waiting of changes) {
    const pages = pagesAtHand(waiting, documents)
    if (!pages || ready === changesASlice) break
    for (const page of pages) changePage(waiting, page, documents)
    ready++
  }
  return ready
}

/** The pages that a change concerns, if that can be told and they are all at hand. */
function pagesAtHand({ change, done }: WaitingChange, documents: Documents): readonly string[] | undefined {
  if (change.type === 'user' || done !== undefined) return undefined
  if (change.type !== 'session') return isAtHand(change.page, documents) ? [change.page] : undefined
  const { sessionId } = change
  if (!documents.has('sessions', sessionId)) return undefined
  const { pages = [], lists = 0 } = documents.get<MoneySession>('sessions', sessionId) ?? {}
  return lists === 0 && pages.every((page) => isAtHand(page, documents)) ? pages : undefined
}

function isAtHand(page: string, documents: Documents): boolean {
  return documents.has(moneyPages, page) && documents.has('users', userOfPage(page))
}

async function partsOf(changes: readonly WaitingChange[], documents: Documents): Promise<Part[]> {
  const sessions = changes.flatMap(({ change }) => (change.type === 'session' ? [change.sessionId] : []))
  await documents.load('sessions', sessions)
  const parts: Part[] = []
  let pages = 0
  for (const waiting of changes) {
    const part = await partOf(waiting, documents)
    parts.push(part)
    pages += part.pages.length
    if (part.left || pages >= pagesASlice) break
  }
  return parts
}

async function partOf(waiting: WaitingChange, documents: Documents): Promise<Part> {
  const { change } = waiting
  return match(change)
    .with({ type: 'new' }, { type: 'first' }, ({ page }) => ({ waiting, pages: [page] }))
    .with({ type: 'session' }, ({ sessionId }) => partOfSession(waiting, sessionId, documents))
    .with({ type: 'user' }, (userChange) => partOfUser(waiting, userChange, documents))
    .exhaustive()
}

/** The lists of earlier pages, one a slice, and then the pages that stand in the session itself. */
async function partOfSession(waiting: WaitingChange, sessionId: string, documents: Documents): Promise<Part> {
  const session = documents.get<MoneySession>('sessions', sessionId)
  const list = typeof waiting.done === 'number' ? waiting.done : 0
  if (!session || list >= session.lists) return { waiting, pages: session?.pages ?? [] }
  const id = `${sessionId}/${list}`
  await documents.load(sessionPages, [id])
  const pages = documents.get<SessionPages>(sessionPages, id)?.pages ?? []
  return { waiting, pages, left: { ...waiting, done: list + 1 } }
}

/** The pages that hold money of the user's in the time. */
async function partOfUser(
  waiting: WaitingChange,
  { userId, from, to }: UserChange,
  documents: Documents,
): Promise<Part> {
  const start = typeof waiting.done === 'string' ? waiting.done : `${userId}/${dayOf(from)}/`
  const end = to === null ? `${userId}/~` : `${userId}/${dayOf(to - 1)}/~`
  const { ids, next } = await documents.loadBetween(moneyPages, { from: start, to: end, limit: pagesASlice })
  const pages = ids.filter((id) => mayReach(documents.get<MoneyPage>(moneyPages, id), from, to))
  return next === undefined ? { waiting, pages } : { waiting, pages, left: { ...waiting, done: next } }
}

function dayOf(instant: number): string {
  return formatTimestamp(instant).slice(0, 10)
}
