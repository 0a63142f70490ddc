import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { EnrichedMoney } from '../../domain/enriched-money.js'
import type { RecordedEvent } from '../../domain/event.js'
import { openEmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import type { EventStore } from '../../event-store/port.js'
import { explain } from '../../projections/explaining/explain.js'
import { moneyEventExplainer } from '../../projections/explaining/money-event.js'
import type { Explanation } from '../../projections/explaining/explanation.js'
import { moneyEnriched } from '../../projections/money/money-enriched.js'
import { pastOfMoney } from '../../projections/money/past.js'
import type { Build, ReadStore } from '../../read-store/port.js'
import { enrichedIn } from '../projections/money.js'
import { wholeLog } from '../projections/tidemark.js'
import { foldsAsItWas } from './as-it-was.js'
import { lawParameters } from './law-parameters.js'
import { twoMoneyHistories } from './money-histories.js'
import { liveMoney } from './money-lived.js'
import { openReadStores } from './shared-read-stores.js'

/**
 * The past of money over random histories: a document as of any position is what was live then, and its explanation
 * comes to the same from the events alone. `LAWS_SEED=… LAWS_PATH=…` repeats a failure, `LAWS_RUNS=…` looks further.
 */
const parameters = lawParameters(12)
t.setTimeout(600_000)
const { signal } = new AbortController()

void t.test('any position of any history of money', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-money-past-'))
  const stores = await openReadStores(folder)
  t.teardown(async () => {
    await stores.close()
    rmSync(folder, { recursive: true })
  })
  let lives = 0
  const counted = { positions: 0, explained: 0, steps: 0 }
  await fc.assert(
    fc.asyncProperty(twoMoneyHistories, async ({ facts, rules, one }) => {
      const name = `life-${lives++}`
      const eventStore = openEmbeddedEventStore(join(folder, name))
      const readStore = await stores.next()
      const projection = { ...moneyEnriched, name }
      try {
        await liveMoney({ folder: join(folder, name), eventStore, readStore, projection }, one, rules)
        const ids = facts.flatMap((fact) => (fact.type === 'money' ? [[fact.user, fact.id] as const] : []))
        const pasts = ids.map(([user, id]) => [pastOfMoney(user, id), `${user}/${id}`] as const)
        const place = { eventStore, readStore }
        counted.positions += await foldsAsItWas({ ...place, projection, read: documentsOf, pasts })
        const documents = await enrichedIn((await readStore.live(name))!)
        for (const [user, id] of ids) {
          counted.steps += await explains(user, id, documents[`${user}/${id}`]!, place)
          counted.explained++
        }
      } finally {
        await eventStore.close()
        rmSync(join(folder, name), { recursive: true })
      }
    }),
    parameters,
  )
  t.ok(
    parameters.path || (counted.positions > 60 && counted.steps > counted.explained),
    JSON.stringify(counted),
  )
})

async function documentsOf(build: Build): Promise<Map<string, string>> {
  const documents = await enrichedIn(build)
  return new Map(Object.entries(documents).map(([id, money]) => [id, JSON.stringify(money)]))
}

interface Place {
  readonly eventStore: EventStore
  readonly readStore: ReadStore
}

/** The explanation comes to what the document says, from events that are in the log. Answers how many. */
async function explains(
  userId: string,
  id: string,
  document: EnrichedMoney,
  { eventStore, readStore }: Place,
): Promise<number> {
  const log = await wholeLog(eventStore)
  const evidence = { eventStore, models: readStore, position: log.at(-1)!.position, signal }
  const pages: Explanation[] = []
  let after: string | undefined
  do {
    pages.push(await explain(moneyEventExplainer, { userId, id }, evidence, { limit: 2, after }))
    after = pages.at(-1)!.next
  } while (after !== undefined)
  const { userInfo, sessionInfo, firstOccurrence, enrichment } = document
  const said = {
    ...(userInfo && { userInfo }),
    ...(sessionInfo && { sessionInfo }),
    firstOccurrence,
    session: enrichment.session,
  }
  const steps = pages.flatMap((page) => page.steps)
  for (const { figure } of pages)
    equal([figure.value, figure.events], [said, steps.length], `${userId}/${id}`)
  equal(steps[0]?.rule.code, 'the-money', 'the money itself comes first')
  const events = steps.map(({ position }) => log.find((event) => event.position === position)!)
  for (const [at, event] of events.entries())
    equal(
      [event.stream, event.revision],
      [steps[at]!.stream, steps[at]!.revision],
      'a step stands in the log',
    )
  equal(saidBy(events, document), { userInfo: userInfo ?? {}, sessionInfo }, 'the steps say what is known')
  const outcomes = pages.flatMap((page) => page.outcomes)
  equal(outcomes.length, enrichment.revision, 'as many publications as revisions')
  if (enrichment.session !== 'pending') equal(outcomes.at(-1)?.figure, said, 'the last one said the same')
  return steps.length
}

/** What the events of the steps say of the user and the session, read off them without any rule. */
function saidBy(events: readonly RecordedEvent[], { enrichment }: EnrichedMoney): object {
  const all = Object.assign({}, ...events.slice(1).map(({ data }) => data)) as Record<string, unknown>
  const { birthYear, residentCountryCode, clientCountryCode } = all
  const userInfo = {
    ...(birthYear !== undefined && { birthYear }),
    ...(residentCountryCode !== undefined && { residentCountryCode }),
  }
  const isKnown = enrichment.session === 'known' || enrichment.session === 'looked-up'
  return { userInfo, sessionInfo: isKnown ? { clientCountryCode } : undefined }
}

function equal(found: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)]
  if (a !== b) throw new Error(`${what}: found ${a}, expected ${b}`)
}
