import { compareBytewise } from '../../domain/bytewise.js'
import {
  enriched,
  isPublished,
  noSession,
  type EnrichedMoney,
  type SessionMatch,
} from '../../domain/enriched-money.js'
import type { RecordedEvent } from '../../domain/event.js'
import type { MoneyEvent } from '../../domain/money.js'
import { parseTimestamp } from '../../domain/timestamp.js'
import { change } from './waiting-changes.js'
import {
  moneyClockOf,
  moneyUserOf,
  tickMoneyClock,
  timeToLiveAt,
  type MoneyClock,
  type MoneyUser,
  type OpenPage,
} from './documents.js'
import {
  beginPage,
  continuedPage,
  moneyPages,
  moneyPlaces,
  type MoneyPage,
  type MoneyPlace,
} from './pages.js'
import { matchMoney } from './sessions.js'
import { userInfoAt } from './users.js'
import type { Documents } from '../projection.js'

/** Enriches new money with all that is known by now. */
export function recordMoney(event: RecordedEvent<MoneyEvent>, documents: Documents): void {
  const { data: money, position } = event
  const { userId, processedAt } = money
  const at = parseTimestamp(processedAt)
  const clock = moneyClockOf(documents)
  const user = moneyUserOf(documents, userId)
  const continued = continuedPage(user, processedAt)
  const page = continued ?? beginPage(userId, processedAt, position)
  const session = sessionOf(event, at, page.id, clock, documents)
  const firstOccurrence = takeFirst(event, user, at, page.id, documents)
  const document = enriched(money, { userInfo: userInfoAt(user, at), session, firstOccurrence })
  keep(document, at, position, page, continued !== undefined, documents)
  user.page = page
  if (user.latest === null || at > user.latest) user.latest = at
  documents.put('users', userId, user)
  if (isPublished(document)) change(documents, event, { type: 'new', page: page.id })
  tickMoneyClock(clock, documents, at)
}

function sessionOf(
  { data: money, position }: RecordedEvent<MoneyEvent>,
  at: number,
  pageId: string,
  clock: MoneyClock,
  documents: Documents,
): SessionMatch {
  const { userSessionId } = money
  if (userSessionId === undefined) return noSession
  return matchMoney(documents, userSessionId, money, at, timeToLiveAt(clock, position), pageId)
}

/** Whether the money is the first of its user and type. Then the one that was so far is not any more. */
function takeFirst(
  event: RecordedEvent<MoneyEvent>,
  { firsts }: MoneyUser,
  processedAt: number,
  page: string,
  documents: Documents,
): boolean {
  const { id, moneyType } = event.data
  let place = 0
  while (place < firsts.length && firsts[place]?.[0] !== moneyType) place++
  const first = firsts[place]
  if (!first) return firsts.push([moneyType, processedAt, id, page]) > 0
  if ((first[1] - processedAt || compareBytewise(first[2], id)) < 0) return false
  change(documents, event, { type: 'first', id: first[2], page: first[3] })
  firsts[place] = [moneyType, processedAt, id, page]
  return true
}

function keep(
  money: EnrichedMoney,
  at: number,
  position: number,
  open: OpenPage,
  isContinued: boolean,
  documents: Documents,
): void {
  const page = isContinued ? documents.get<MoneyPage>(moneyPages, open.id) : undefined
  if (page) {
    page.money.push(money)
    page.positions.push(position)
    if (at < page.first) page.first = at
    if (at > page.last) page.last = at
  }
  open.count++
  documents.put(moneyPages, open.id, page ?? { first: at, last: at, money: [money], positions: [position] })
  const { userId, id } = money.money
  documents.write(moneyPlaces, `${userId}/${id}`, { page: open.id } satisfies MoneyPlace)
}
