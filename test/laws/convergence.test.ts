import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { DataRecorded } from '../../domain/data-record.js'
import type { RecordedEvent } from '../../domain/event.js'
import type { Notification } from '../../domain/notification.js'
import { openEmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import type { EventStore } from '../../event-store/port.js'
import { dataPlans } from '../../projections/data-plans/data-plans.js'
import type { AgreementDocument } from '../../projections/queries/agreements.js'
import { listUnmatchedRecords } from '../../projections/queries/data-records.js'
import type { Page, PageRequest } from '../../projections/queries/page.js'
import { listRecordsOfPeriod } from '../../projections/queries/period-records.js'
import { verify } from '../../projections/running/verify.js'
import type { Build, ReadStore } from '../../read-store/port.js'
import { wholeLog } from '../projections/tidemark.js'
import { convergentDocuments, periodsOf } from './convergent-documents.js'
import { twoHistories, type Step, type TwoHistories } from './histories.js'
import { lawParameters } from './law-parameters.js'
import { live } from './lived-history.js'
import {
  clockOf,
  expectedNotifications,
  expectedPeriods,
  expectedUnmatched,
  type AgreementFact,
  type Fact,
} from './oracle.js'
import { openReadStores } from './shared-read-stores.js'

/**
 * Laws 2, 3 and 4 over random histories. A failure names a seed and a path: `LAWS_SEED=… LAWS_PATH=… node
 * dist/test/laws/convergence.test.js` repeats it, `LAWS_SHRINK=1` makes it small, `LAWS_RUNS=…` looks further.
 */
const parameters = lawParameters(45)
t.setTimeout(600_000)

void t.test('any two histories of the same facts end in what the facts say', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-laws-'))
  const stores = await openReadStores(folder)
  t.teardown(async () => {
    await stores.close()
    rmSync(folder, { recursive: true })
  })
  let lives = 0
  const lived = async (histories: TwoHistories, steps: readonly Step[]) => {
    const name = `life-${lives++}`
    const place = {
      folder: join(folder, name),
      eventStore: openEmbeddedEventStore(join(folder, name)),
      readStore: await stores.next(),
      projection: { ...dataPlans, name },
    }
    try {
      await live(place, steps, histories.lateness)
      const build = (await place.readStore.live(name))!
      await holds(build, place.eventStore, histories)
      // What is asked of the projection by its name is asked of this life.
      const asked = { ...place.readStore, live: () => place.readStore.live(name) }
      await listsHold(asked, histories.facts)
      const { differences } = await verify(place.projection, place)
      equal(differences, [], 'verify finds nothing')
      return await convergentDocuments(build)
    } finally {
      await place.eventStore.close()
      rmSync(place.folder, { recursive: true })
    }
  }
  await fc.assert(
    fc.asyncProperty(twoHistories, async (histories) => {
      const [one, other] = [await lived(histories, histories.one), await lived(histories, histories.other)]
      equal(one, other, 'both histories end in the same documents')
    }),
    parameters,
  )
  t.ok(lives >= 2 * parameters.numRuns || parameters.path, `${lives} histories`)
})

/** What the projection says is what the oracle says. */
async function holds(build: Build, eventStore: EventStore, { facts, lateness }: TwoHistories): Promise<void> {
  const periods = new Map(
    [...(await periodsOf(build))].map(([id, period]) => [
      id,
      {
        agreementId: period.agreementId,
        month: `${String(period.year).padStart(4, '0')}-${String(period.month).padStart(2, '0')}`,
        total: String(period.totalRecordedBytes),
        count: period.recordCount,
        exceeded: period.exceeded,
        latestRecordedAt: Date.parse(period.latestRecordedAt!),
        latestId: period.latestExternalRecordId!,
        status: period.status,
      },
    ]),
  )
  const expected = sorted(expectedPeriods(facts, lateness)).map(([id, { records, ...period }]) => [
    id,
    period,
  ])
  equal(sorted(periods), expected, 'the billing periods')
  const { unmatched, clocks } = await convergentDocuments(build)
  const listed = JSON.parse(unmatched!.all!) as { msisdn: string; externalRecordId: string }[]
  equal(
    listed.map(({ msisdn, externalRecordId }) => `${msisdn}/${externalRecordId}`).sort(),
    expectedUnmatched(facts).sort(),
    'the unmatched records',
  )
  const clock = clocks!['data-records']
  equal(
    clock === undefined ? undefined : ((JSON.parse(clock) as { now: number | null }).now ?? undefined),
    clockOf(facts, lateness),
    'the clock',
  )
  await holdsOfTheLog(build, eventStore, facts, lateness)
}

/** The lists that readers page through hold the very records that were counted, newest first. */
async function listsHold(readStore: ReadStore, facts: readonly Fact[]): Promise<void> {
  for (const [id, { agreementId, month, records }] of expectedPeriods(facts)) {
    const { msisdn, zone } = facts.find(
      (fact) => fact.type === 'agreement' && fact.id === agreementId,
    ) as AgreementFact
    const agreement = { id: agreementId, msisdn, billingPeriodTimeZone: zone } as AgreementDocument
    const listed = await all((request) => listRecordsOfPeriod(readStore, agreement, month, request))
    equal(
      listed.map(({ externalRecordId }) => externalRecordId),
      records,
      `the records of ${id}`,
    )
  }
  const unmatched = await all((request) => listUnmatchedRecords(readStore, request))
  equal(
    unmatched.map(({ msisdn, externalRecordId }) => `${msisdn}/${externalRecordId}`),
    expectedUnmatched(facts).sort(byMsisdn),
    'the list of unmatched records',
  )
}

/** For `<msisdn>/<id>`. Within a subscriber, records stay in the order that they have. */
function byMsisdn(a: string, b: string): number {
  const [one, other] = [a, b].map((text) => text.slice(0, text.indexOf('/')))
  return one === other ? 0 : one! < other! ? -1 : 1
}

/** A list page by page, two items each. */
async function all<Item>(list: (request: PageRequest) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = []
  let after: string | undefined
  do {
    const page = await list({ limit: 2, after })
    items.push(...page.items)
    after = page.next
  } while (after !== undefined)
  return items
}

/** Each fact is in the log once, and so is each notification that it makes due where it stands. */
async function holdsOfTheLog(
  build: Build,
  eventStore: EventStore,
  facts: readonly Fact[],
  lateness: number,
): Promise<void> {
  const log = await wholeLog(eventStore)
  const order = log.flatMap((event) => factOf(event, facts))
  equal(order.length, new Set(order).size, 'no fact is in the log twice')
  equal(order.length, new Set(facts.map((fact) => JSON.stringify(fact))).size, 'every fact is in the log')
  const said = new Map<string, string[]>()
  for (const event of log) {
    if (!event.stream.startsWith('billing-period-')) continue
    const { data } = event as unknown as RecordedEvent<Notification>
    const id = `${data.agreementId}/${event.stream.slice(-7)}`
    const previous = 'previousTotalRecordedBytes' in data ? ` was ${data.previousTotalRecordedBytes}` : ''
    const text = `${data.type} ${data.totalRecordedBytes} ${data.latestExternalRecordId}${previous}`
    said.set(id, [...(said.get(id) ?? []), text])
    equal(event.revision, said.get(id)!.length - 1, 'revisions have no gaps')
  }
  equal(sorted(said), sorted(expectedNotifications(order, lateness)), 'the notifications')
  for (const [id, { exceeded, status }] of await periodsOf(build)) {
    const types = (said.get(id) ?? []).map((text) => text.split(' ')[0])
    const times = (type: string) => types.filter((one) => one === type).length
    if (exceeded) equal(times('DATA_PLAN_EXCEEDED'), 1, `${id} is exceeded, and that was said once`)
    equal(times('BILLING_PERIOD_CLOSED'), status === 'closed' ? 1 : 0, `${id} is ${status}`)
  }
}

/** The fact that an event of the log is. */
function factOf({ type, data }: RecordedEvent, facts: readonly Fact[]): Fact[] {
  const found = facts.find((fact) => {
    if (type === 'ClockAdvanced')
      return fact.type === 'advance' && fact.to === Date.parse((data as { to: string }).to)
    if (type === 'AgreementSigned')
      return fact.type === 'agreement' && fact.id === (data as { agreementId: string }).agreementId
    if (type !== 'DataRecorded' || fact.type !== 'record') return false
    const { externalRecordId, msisdn } = data as DataRecorded['data']
    return fact.id === externalRecordId && fact.msisdn === msisdn
  })
  return found ? [found] : []
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1))
}

function equal(found: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found, null, 1), JSON.stringify(expected, null, 1)]
  if (a !== b) throw new Error(`${what}: found ${a}, expected ${b}`)
}
