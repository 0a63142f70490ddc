import {
  isPublished,
  matchSession,
  moneyEnriched,
  revised,
  type EnrichedMoney,
  type Enrichment,
} from '../../domain/enriched-money.js'
import type { Metadata } from '../../domain/event.js'
import { parseTimestamp } from '../../domain/timestamp.js'
import type { MoneyChange, WaitingChange } from './waiting-changes.js'
import { moneyClockOf, moneyUserOf, timeToLiveAt, type MoneyUser } from './documents.js'
import { moneyPages, userOfPage, type MoneyPage } from './pages.js'
import type { Documents } from '../projection.js'

/** Carries a change out on one page, which must be loaded, and its user as well: publishes what comes of it. */
export function changePage(waiting: WaitingChange, pageId: string, documents: Documents): void {
  const page = documents.get<MoneyPage>(moneyPages, pageId)
  if (!page) return
  const userId = userOfPage(pageId)
  const user = moneyUserOf(documents, userId)
  const published =
    waiting.change.type === 'new'
      ? publishNew(page, user, waiting, documents)
      : revisePage(page, pageId, user, waiting, documents)
  if (published) documents.put('users', userId, user)
}

/** Answers whether anything was published. */
function publishNew(
  page: MoneyPage,
  user: MoneyUser,
  { position, cause }: WaitingChange,
  documents: Documents,
): boolean {
  const money = page.money[page.positions.lastIndexOf(position)]
  return money !== undefined && publish(money, user, cause, documents)
}

/** Answers whether anything was published. */
function revisePage(
  page: MoneyPage,
  pageId: string,
  user: MoneyUser,
  { change, position, cause }: WaitingChange,
  documents: Documents,
): boolean {
  let [changed, published] = [false, false]
  for (const [index, money] of page.money.entries()) {
    const at = page.positions[index] ?? 0
    if (at >= position) continue
    const enrichment = enrichmentOf(change, money, at, documents)
    const document = enrichment ? revised(money, enrichment) : money
    if (document === money) continue
    page.money[index] = document
    changed = true
    if (publish(document, user, cause, documents)) published = true
  }
  if (changed) documents.put(moneyPages, pageId, page)
  return published
}

/** Sends a document to the log, unless it is pending: then false. */
function publish(document: EnrichedMoney, user: MoneyUser, cause: Metadata, documents: Documents): boolean {
  if (!isPublished(document)) return false
  documents.derive(moneyEnriched(document, cause), user.published)
  user.published++
  return true
}

/** What a change says of some money; undefined if it is about other money. */
function enrichmentOf(
  change: MoneyChange,
  { money, userInfo }: EnrichedMoney,
  position: number,
  documents: Documents,
): Partial<Enrichment> | undefined {
  // No ts-pattern here: this is asked for every money of a rebuild.
  switch (change.type) {
    case 'new':
      return undefined
    case 'first':
      return money.id === change.id ? { firstOccurrence: false } : undefined
    case 'session': {
      if (money.userSessionId !== change.sessionId) return undefined
      const timeToLive = timeToLiveAt(moneyClockOf(documents), position)
      return { session: matchSession(money, change, timeToLive) }
    }
    case 'user': {
      const instant = parseTimestamp(money.processedAt)
      if (instant < change.from || (change.to !== null && instant >= change.to)) return undefined
      return { userInfo: { ...userInfo, [change.field]: change.value } }
    }
  }
}
