import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { EnrichedMoney, MoneyEnriched } from '../../domain/enriched-money.js'
import type { RecordedEvent } from '../../domain/event.js'
import { moneyEventId } from '../../domain/money.js'
import { openEmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import { moneyEnriched } from '../../projections/money/money-enriched.js'
import { findMoneyEvent, listMoneyEvents } from '../../projections/queries/money-events.js'
import { listUnresolvedSessions, wantedSessions } from '../../projections/queries/sessions.js'
import { verify } from '../../projections/running/verify.js'
import type { Build, ReadStore } from '../../read-store/port.js'
import { enrichedIn } from '../projections/money.js'
import { textsOf, wholeLog } from '../projections/tidemark.js'
import type { Step } from './histories.js'
import { lawParameters } from './law-parameters.js'
import { twoMoneyHistories, type TwoMoneyHistories } from './money-histories.js'
import { liveMoney } from './money-lived.js'
import {
  clockOf,
  expectedMoney,
  expectedPublications,
  expectedUnresolved,
  expectedWanted,
  type ExpectedMoney,
  type Fact,
} from './money-oracle.js'
import { openReadStores } from './shared-read-stores.js'

/**
 * Laws 2, 3 and 4 over random histories of money. A failure names a seed and a path: `LAWS_SEED=… LAWS_PATH=… node
 * dist/test/laws/money.test.js` repeats it, `LAWS_SHRINK=1` makes it small, `LAWS_RUNS=…` looks further.
 */
const parameters = lawParameters(126)
t.setTimeout(600_000)

void t.test('any two histories of the same facts end in what the facts say', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-money-'))
  const stores = await openReadStores(folder)
  t.teardown(async () => {
    await stores.close()
    rmSync(folder, { recursive: true })
  })
  let lives = 0
  const lived = async (histories: TwoMoneyHistories, steps: readonly Step<Fact>[]) => {
    const name = `life-${lives++}`
    const place = {
      folder: join(folder, name),
      eventStore: openEmbeddedEventStore(join(folder, name)),
      readStore: await stores.next(),
      projection: { ...moneyEnriched, name },
    }
    try {
      await liveMoney(place, steps, histories.rules)
      const build = (await place.readStore.live(name))!
      const log = await wholeLog(place.eventStore)
      await holds(build, histories)
      holdsOfTheLog(await enrichedIn(build), log, histories)
      // What is asked of the projection by its name is asked of this life.
      await queriesHold({ ...place.readStore, live: () => place.readStore.live(name) }, histories)
      const { differences } = await verify(place.projection, place)
      equal(differences, [], 'verify finds nothing')
      return await convergentTexts(build)
    } finally {
      await place.eventStore.close()
      rmSync(place.folder, { recursive: true })
    }
  }
  await fc.assert(
    fc.asyncProperty(twoMoneyHistories, async (histories) => {
      const [one, other] = [await lived(histories, histories.one), await lived(histories, histories.other)]
      equal(one, other, 'both histories end in the same documents')
    }),
    parameters,
  )
  t.ok(lives >= 2 * parameters.numRuns || parameters.path, `${lives} histories`)
})

/** What the projection says is what the oracle says. */
async function holds(build: Build, { facts, rules }: TwoMoneyHistories): Promise<void> {
  const found = Object.entries(await enrichedIn(build)).map(([id, money]) => [id, said(money)])
  equal(sorted(found), sorted([...expectedMoney(facts, rules)]), 'the enriched money')
  const [clock] = Object.values(await textsOf(build, 'clocks'))
  equal((JSON.parse(clock!) as { now: number }).now, clockOf(facts), 'the clock')
}

/** Each fact is in the log once, and everything was published that was to be, where it was to be. */
function holdsOfTheLog(
  documents: Record<string, EnrichedMoney>,
  log: readonly RecordedEvent[],
  { facts, rules }: TwoMoneyHistories,
): void {
  const order = log.flatMap((event) => factOf(event, facts))
  equal(
    order.length,
    new Set(facts.filter(({ type }) => type !== 'other').map((fact) => JSON.stringify(fact))).size,
    'every fact is in the log, once',
  )
  const published = new Map<string, ExpectedMoney[]>()
  const next = new Map<string, number>()
  for (const event of log) {
    if (event.type !== 'MoneyEnriched') continue
    const { data, stream, revision } = event as unknown as RecordedEvent<MoneyEnriched>
    const id = `${data.money.userId}/${data.money.id}`
    published.set(id, [...(published.get(id) ?? []), said(data)])
    equal(data.enrichment.revision, published.get(id)!.length, `the revisions of ${id} have no gaps`)
    equal(revision, next.get(stream) ?? 0, 'nor have those of its stream')
    next.set(stream, revision + 1)
  }
  equal(sorted([...published]), sorted([...expectedPublications(order, rules)]), 'what was published')
  for (const [id, { enrichment }] of Object.entries(documents)) {
    equal(enrichment.revision, published.get(id)?.length ?? 0, `the revision of ${id}`)
  }
}

/** What readers ask for is what the oracle says. */
async function queriesHold(readStore: ReadStore, { facts, rules }: TwoMoneyHistories): Promise<void> {
  const expected = [...expectedMoney(facts, rules).values()]
  for (const user of new Set(expected.map((money) => money.user))) {
    const listed: EnrichedMoney[] = []
    let after: string | undefined
    do {
      const page = await listMoneyEvents(readStore, user, { limit: 2, after })
      listed.push(...page.items)
      after = page.next
    } while (after !== undefined)
    const newestFirst = expected
      .filter((money) => money.user === user)
      .map(({ id }) => ({
        id,
        at: facts.find((fact) => fact.type === 'money' && fact.id === id && fact.user === user),
      }))
      .map(({ id, at }) => ({ id, at: (at as { at: number }).at }))
      .sort((a, b) => b.at - a.at || Buffer.compare(Buffer.from(b.id), Buffer.from(a.id)))
    equal(
      listed.map(({ money }) => money.id),
      newestFirst.map(({ id }) => id),
      `the list of ${user}`,
    )
    for (const document of listed)
      equal(await findMoneyEvent(readStore, user, document.money.id), document, 'by id')
  }
  const { sessionIds } = await wantedSessions(readStore, 100)
  equal([...sessionIds].sort(), expectedWanted(facts, rules), 'the sessions that are wanted')
  const { items } = await listUnresolvedSessions(readStore, { limit: 100 })
  equal(
    items.map(({ sessionId }) => sessionId).sort(),
    expectedUnresolved(facts, rules),
    'the unresolved sessions',
  )
}

/**
 * All that is not history, as text: the money without its revision; the sessions without the pages that their money
 * happens to lie in and the positions of lookups; the clock.
 */
async function convergentTexts(build: Build): Promise<object> {
  const money = Object.entries(await enrichedIn(build)).map(([id, { enrichment, ...document }]) => [
    id,
    JSON.stringify({ ...document, session: enrichment.session }),
  ])
  const sessions = Object.entries(await textsOf(build, 'sessions')).map(([id, text]) => {
    const session = JSON.parse(text) as Record<string, unknown>
    const lookup = session.lookup as { clientCountryCode?: string } | null
    return [
      id,
      {
        ...session,
        pages: [],
        lookup: lookup && (lookup.clientCountryCode ?? 'failed'),
        need: { ...(session.need as object | null), unresolvedAt: undefined },
      },
    ]
  })
  return { money: sorted(money), sessions: sorted(sessions), clocks: await textsOf(build, 'clocks') }
}

function said({ money, userInfo, sessionInfo, firstOccurrence, enrichment }: EnrichedMoney): ExpectedMoney {
  return {
    id: money.id,
    user: money.userId,
    birthYear: userInfo?.birthYear === undefined ? undefined : String(userInfo.birthYear),
    country: userInfo?.residentCountryCode,
    session: enrichment.session,
    client: sessionInfo?.clientCountryCode,
    first: firstOccurrence,
  }
}

/** The fact that an event of the log is. */
function factOf({ id, type, data }: RecordedEvent, facts: readonly Fact[]): Fact[] {
  const { sessionId, processedAt, lookup } = data as {
    sessionId?: string
    processedAt?: string
    lookup?: number
  }
  const at = processedAt === undefined ? undefined : Date.parse(processedAt)
  const found = facts.find((fact) => {
    if (fact.type === 'money') return moneyEventId(fact.user, fact.id) === id
    if (fact.type === 'user') return type === typeOf(fact.field) && saysSo(fact, data, at)
    if (fact.type === 'other' || fact.session !== sessionId) return false
    if (fact.type === 'answer') {
      return (
        fact.lookup === lookup &&
        type === (fact.country === undefined ? 'SessionLookupFailed' : 'SessionLookedUp')
      )
    }
    if (fact.type === 'retry') return type === 'SessionLookupRetried' && fact.lookup === lookup
    if (fact.type === 'closed') return type === 'SessionClosed' && fact.at === at
    const { clientCountryCode } = data as { clientCountryCode?: string }
    return type === 'SessionCreated' && fact.at === at && fact.country === clientCountryCode
  })
  return found ? [found] : []
}

function typeOf(field: 'birthYear' | 'country'): string {
  return field === 'country' ? 'AddressChanged' : 'BirthDateChanged'
}

function saysSo(fact: Fact & { type: 'user' }, data: object, at: number | undefined): boolean {
  const { id, userId, birthYear, residentCountryCode } = data as Record<string, string | number | undefined>
  const value = fact.field === 'country' ? residentCountryCode : String(birthYear)
  return fact.id === id && fact.user === userId && fact.at === at && fact.value === value
}

function sorted<T>(
  entries: (readonly [string, T] | (string | T)[])[],
): (readonly [string, T] | (string | T)[])[] {
  return entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
}

function equal(found: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found, null, 1), JSON.stringify(expected, null, 1)]
  if (a !== b) throw new Error(`${what}: found ${a}, expected ${b}`)
}
