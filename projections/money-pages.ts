import { enriched, isPublished, moneyEnriched, revised } from '../domain/enriched-money.js'
import type { EnrichedMoney, Enrichment } from '../domain/enriched-money.js'
import type { Metadata } from '../domain/event.js'
import type { Money } from '../domain/money.js'
import { moneyUserOf, type MoneyUser } from './money-documents.js'
import type { Documents } from './projection.js'

/**
 * Enriched money is kept in pages, as data records are (docs/decisions/0003-record-pages.md): one document for some
 * money of a user, a day (UTC) and a stretch of the log.
 */
export const moneyPages = 'money-pages'
/** By user and id of the money: where it is kept. */
export const moneyPlaces = 'money-places'

/** So many positions of the log are a stretch: about as many as a unit of work, so that a page is written once. */
export const moneyPositionsAStretch = 16_384
/** So much money a page at most, however busy the user: a page is written and read as a whole. */
const moneyAPage = 16

export interface MoneyPage {
  /** The least and the greatest time of its money, epoch milliseconds. First, so that they are found without parsing. */
  first: number
  last: number
  readonly money: KeptMoney[]
}

export interface KeptMoney extends EnrichedMoney {
  /** Where its event stands in the log. */
  readonly position: number
}

export interface MoneyPlace {
  readonly page: string
}

/** The page that takes the user's next money: `<user id>/<yyyy-MM-dd>/<stretch>/<number>`. */
export function nextPageId(
  { stretch, inStretch }: Pick<MoneyUser, 'stretch' | 'inStretch'>,
  { userId, processedAt }: Pick<Money, 'userId' | 'processedAt'>,
  position: number,
): string {
  const current = stretchOf(position)
  const number = stretch === current ? Math.floor(inStretch / moneyAPage) : 0
  return `${userId}/${processedAt.slice(0, 10)}/${names.of(current)}${numberNames[number] ?? ''}`
}

/** Whether the user's next money begins a page that cannot be there yet. */
export function beginsPage({ stretch, inStretch }: MoneyUser, position: number): boolean {
  return stretch !== stretchOf(position) || inStretch % moneyAPage === 0
}

/** Counts some money of the user, so that the next finds its page. */
export function countInStretch(user: MoneyUser, position: number): void {
  const current = stretchOf(position)
  user.inStretch = user.stretch === current ? user.inStretch + 1 : 1
  user.stretch = current
}

/** Adds new money to its page, which must be loaded unless it is a new one. */
export function addMoney(
  page: MoneyPage | undefined,
  pageId: string,
  kept: { readonly money: Money; readonly at: number; readonly position: number },
  enrichment: Enrichment,
  documents: Documents,
): EnrichedMoney {
  const document = enriched(kept.money, enrichment)
  const entry = { position: kept.position, ...document }
  if (page) {
    page.money.push(entry)
    if (kept.at < page.first) page.first = kept.at
    if (kept.at > page.last) page.last = kept.at
  }
  documents.put(moneyPages, pageId, page ?? { first: kept.at, last: kept.at, money: [entry] })
  const { userId, id } = kept.money
  documents.write(moneyPlaces, `${userId}/${id}`, { page: pageId } satisfies MoneyPlace)
  return document
}

/** Changes the enrichment of some money on a loaded page, and publishes what came of it. */
export function reviseMoney(
  page: MoneyPage,
  index: number,
  change: Partial<Enrichment>,
  cause: Metadata,
  documents: Documents,
): boolean {
  const entry = page.money[index]
  if (!entry) return false
  const document = revised(entry, change)
  if (document === entry) return false
  page.money[index] = { position: entry.position, ...document }
  publish(document, cause, documents)
  return true
}

/** Sends a document to the log, unless it is pending. Its user must be loaded. */
export function publish(document: EnrichedMoney, cause: Metadata, documents: Documents): void {
  if (!isPublished(document)) return
  const { userId } = document.money
  const user = moneyUserOf(documents, userId)
  documents.derive(moneyEnriched(document, cause), user.published)
  user.published++
  documents.put('users', userId, user)
}

/**
 * Whether a page may have money from one time on and up to another (epoch milliseconds; null: for ever), going by the two
 * numbers with which its text begins.
 */
export function mayReach(text: string, from: number, to: number | null): boolean {
  const [, first, last] = /^\{"first":(-?\d+),"last":(-?\d+)/.exec(text) ?? []
  return Number(last) >= from && (to === null || Number(first) < to)
}

/** The user whose page it is: a user's id has no slash. */
export function userOfPage(pageId: string): string {
  return pageId.slice(0, pageId.indexOf('/'))
}

/** What is kept, without what readers do not see. */
export function documentOf({ position: _, ...document }: KeptMoney): EnrichedMoney {
  return document
}

function stretchOf(position: number): number {
  return Math.floor(position / moneyPositionsAStretch)
}

/** `/0000`, `/0001`, …: of the pages of one stretch, in the order they were begun. */
const numberNames = Array.from(
  { length: moneyPositionsAStretch / moneyAPage + 1 },
  (_, number) => `/${String(number).padStart(4, '0')}`,
)

/** The name of a stretch, padded so that it sorts; there are few at a time. */
const names = {
  known: -1,
  name: '',
  of(stretch: number): string {
    if (stretch !== this.known) {
      this.known = stretch
      this.name = String(stretch).padStart(12, '0')
    }
    return this.name
  },
}
