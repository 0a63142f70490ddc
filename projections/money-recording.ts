import { compareBytewise } from '../domain/bytewise.js'
import type { RecordedEvent } from '../domain/event.js'
import type { Money, MoneyEvent } from '../domain/money.js'
import type { SessionMatch } from '../domain/enriched-money.js'
import { parseTimestamp } from '../domain/timestamp.js'
import { correct } from './money-corrections.js'
import {
  moneyClockOf,
  moneyUserOf,
  tickMoneyClock,
  timeToLiveAt,
  type FirstMoney,
  type MoneyUser,
} from './money-documents.js'
import {
  addMoney,
  beginsPage,
  countInStretch,
  moneyPages,
  nextPageId,
  publish,
  type MoneyPage,
} from './money-pages.js'
import { matchMoney } from './money-sessions.js'
import { userInfoAt } from './money-users.js'
import type { Documents } from './projection.js'

/** Enriches new money with all that is known by now. */
export function recordMoney(event: RecordedEvent<MoneyEvent>, documents: Documents): void | Promise<void> {
  const { data, position } = event
  const user = moneyUserOf(documents, data.userId)
  const pageId = nextPageId(user, data, position)
  if (beginsPage(user, position)) return enrich(event, user, pageId, undefined, documents)
  const page = () => documents.get<MoneyPage>(moneyPages, pageId)
  if (documents.has(moneyPages, pageId)) return enrich(event, user, pageId, page(), documents)
  // Another day than that of the user's last money, and another page than could be foreseen.
  return documents.load(moneyPages, [pageId]).then(() => enrich(event, user, pageId, page(), documents))
}

function enrich(
  event: RecordedEvent<MoneyEvent>,
  user: MoneyUser,
  pageId: string,
  page: MoneyPage | undefined,
  documents: Documents,
): void {
  const { data: money, position } = event
  const at = parseTimestamp(money.processedAt)
  const session = sessionOf(money, at, pageId, position, documents)
  const firstOccurrence = takeFirst(event, at, pageId, documents)
  const enrichment = { userInfo: userInfoAt(user, at), session, firstOccurrence }
  const document = addMoney(page, pageId, { money, at, position }, enrichment, documents)
  countInStretch(user, position)
  if (user.latest === null || at > user.latest) user.latest = at
  documents.put('users', money.userId, user)
  const { correlationId } = event.metadata
  const cause = { ...(correlationId !== undefined && { correlationId }), causationId: event.id }
  publish(document, cause, documents)
  tickMoneyClock(documents, at)
}

function sessionOf(
  money: Money,
  at: number,
  pageId: string,
  position: number,
  documents: Documents,
): SessionMatch {
  const { userSessionId } = money
  if (userSessionId === undefined) return { status: 'none' }
  const timeToLive = timeToLiveAt(moneyClockOf(documents), position)
  return matchMoney(documents, { ...money, userSessionId }, at, timeToLive, pageId)
}

/** By user and type of money: which was the first. */
export function firstId({ userId, moneyType }: Pick<Money, 'userId' | 'moneyType'>): string {
  return `${userId}/${moneyType}`
}

/** Whether the money is the first of its user and type. Then the one that was so far is not any more. */
function takeFirst(
  event: RecordedEvent<MoneyEvent>,
  processedAt: number,
  page: string,
  documents: Documents,
): boolean {
  const { id } = event.data
  const known = firstId(event.data)
  const first = documents.get<FirstMoney>('firsts', known)
  if (first && (first.processedAt - processedAt || compareBytewise(first.id, id)) < 0) return false
  if (first) correct(documents, event, { type: 'first', id: first.id, page: first.page })
  documents.put('firsts', known, { processedAt, id, page } satisfies FirstMoney)
  return true
}
