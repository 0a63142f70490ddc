import { compareBytewise } from '../../domain/bytewise.js'
import type { EnrichedMoney } from '../../domain/enriched-money.js'
import { formatTimestamp, parseTimestamp } from '../../domain/timestamp.js'
import { allRows } from '../../read-store/all-rows.js'
import type { Build, Row } from '../../read-store/port.js'
import { moneyEnriched } from '../money/money-enriched.js'
import { mayReach, moneyPages, moneyPlaces, type MoneyPage, type MoneyPlace } from '../money/pages.js'
import { cursorAt, placeOf } from './cursor.js'
import { readLive, type ReadModels, type ReadStore } from './live.js'
import type { Page, PageRequest } from './page.js'

const pagesAQuery = 50

/** Enriched money by user and id; undefined if there is none. Both reads are of one build: another has other pages. */
export function findMoneyEvent(
  readStore: ReadModels,
  userId: string,
  id: string,
): Promise<EnrichedMoney | undefined> {
  return readLive(readStore, moneyEnriched.name, async (build) => {
    const [place] = await build.getMany(moneyPlaces, [`${userId}/${id}`])
    if (!place) return undefined
    const [page] = await build.getMany(moneyPages, [(JSON.parse(place.text) as MoneyPlace).page])
    const { money } = page ? (JSON.parse(page.text) as MoneyPage) : { money: [] }
    return money.find((one) => one.money.id === id)
  })
}

/** Whether anything was ever heard of a user. */
export async function isKnownUser(readStore: ReadStore, userId: string): Promise<boolean> {
  return readLive(
    readStore,
    moneyEnriched.name,
    async (build) => (await build.getMany('users', [userId])).length > 0,
  )
}

/** Money as it stands in the list: the time first. */
type ListPlace = readonly [instant: number, id: string]

/**
 * The money of a user, newest first. Reads no more of the user's pages than it has to, and holds few more than it
 * answers.
 */
export function listMoneyEvents(
  readStore: ReadStore,
  userId: string,
  { limit, after }: PageRequest,
): Promise<Page<EnrichedMoney>> {
  const last = after === undefined ? undefined : placeOf(after, 'number', 'string')
  return readLive(readStore, moneyEnriched.name, async (build) => {
    const newest = await newestBefore(build, userId, last, limit + 1)
    const items = newest.slice(0, limit)
    const end = items.at(-1)
    return {
      items,
      next: end && newest.length > limit ? cursorAt(placeInList(end)) : undefined,
    }
  })
}

/** The newest `count` of the user's money that comes after `last` in the list. */
async function newestBefore(
  build: Build,
  userId: string,
  last: ListPlace | undefined,
  count: number,
): Promise<EnrichedMoney[]> {
  const newest: EnrichedMoney[] = []
  let day = ''
  for await (const { id, text } of pagesOf(build, userId, last)) {
    const dayOfPage = id.slice(0, id.indexOf('/', userId.length + 1))
    // Pages of earlier days cannot hold newer money.
    if (dayOfPage !== day && newest.length >= count) break
    day = dayOfPage
    const least = newest.length >= count ? instantOf(newest[count - 1]) : -Infinity
    const page = JSON.parse(text) as MoneyPage
    if (!mayReach(page, least, last ? last[0] + 1 : null)) continue
    for (const one of page.money) if (!last || byNewest(placeInList(one), last) > 0) newest.push(one)
    newest.sort((a, b) => byNewest(placeInList(a), placeInList(b))).splice(count)
  }
  return newest
}

/** The pages of a user from the newest day on. */
function pagesOf(build: Build, userId: string, last: ListPlace | undefined): AsyncIterable<Row> {
  const to = last ? `${userId}/${formatTimestamp(last[0]).slice(0, 10)}/~` : `${userId}/~`
  return allRows(build, moneyPages, { from: `${userId}/`, to, reverse: true, limit: pagesAQuery })
}

/** Later, then the greater id: that comes first. */
function byNewest(a: ListPlace, b: ListPlace): number {
  return b[0] - a[0] || compareBytewise(b[1], a[1])
}

function placeInList({ money }: EnrichedMoney): ListPlace {
  return [parseTimestamp(money.processedAt), money.id]
}

function instantOf(money: EnrichedMoney | undefined): number {
  return money ? parseTimestamp(money.money.processedAt) : -Infinity
}
