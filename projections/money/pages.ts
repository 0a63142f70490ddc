import type { EnrichedMoney } from '../../domain/enriched-money.js'
import type { MoneyUser, OpenPage } from './documents.js'

/**
 * Enriched money is kept in pages, as data records are (docs/decisions/0003-record-pages.md): one document for some
 * consecutive money of a user and a day (UTC). What is on a page follows from the log alone. Its id is
 * `<user id>/<yyyy-MM-dd>/<position of its first money>`.
 */
export const moneyPages = 'money-pages'
/** By user and id of the money: where it is kept. */
export const moneyPlaces = 'money-places'

/** So much money a page at most, however busy the user: a page is written and read as a whole. */
const moneyAPage = 16

export interface MoneyPage {
  /** The least and the greatest time of its money, epoch milliseconds. */
  first: number
  last: number
  readonly money: EnrichedMoney[]
  /** Of each money: where its event stands in the log. */
  readonly positions: number[]
}

export interface MoneyPlace {
  readonly page: string
}

/** The page that a user's next money goes on with; undefined if it begins another one. */
export function continuedPage({ page }: MoneyUser, processedAt: string): OpenPage | undefined {
  return page && page.count < moneyAPage && processedAt.startsWith(page.day) ? page : undefined
}

/** A page that begins with this money of a user. */
export function beginPage(userId: string, processedAt: string, position: number): OpenPage {
  const day = processedAt.slice(0, 10)
  return { id: `${userId}/${day}/${String(position).padStart(16, '0')}`, day, count: 0 }
}

/** Whether a page may have money from one time on and up to another (epoch milliseconds; null: for ever). */
export function mayReach(page: MoneyPage | undefined, from: number, to: number | null): boolean {
  return page !== undefined && page.last >= from && (to === null || page.first < to)
}

/** The user whose page it is: a user's id has no slash. */
export function userOfPage(pageId: string): string {
  return pageId.slice(0, pageId.indexOf('/'))
}
