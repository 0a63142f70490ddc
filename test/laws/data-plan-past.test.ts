import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { AgreementSigned } from '../../domain/agreement.js'
import type { BillingPeriod } from '../../domain/billing-period.js'
import { plus } from '../../domain/bytes.js'
import type { DataRecorded } from '../../domain/data-record.js'
import type { RecordedEvent } from '../../domain/event.js'
import { openEmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import type { EventStore } from '../../event-store/port.js'
import { pastOfAgreement } from '../../projections/data-plans/past.js'
import { dataPlans } from '../../projections/data-plans/data-plans.js'
import { explain } from '../../projections/explaining/explain.js'
import { NothingToExplain } from '../../projections/explaining/explainer.js'
import { billingPeriodExplainer } from '../../projections/explaining/billing-period.js'
import type { Explanation } from '../../projections/explaining/explanation.js'
import type { ReadModels } from '../../projections/queries/live.js'
import { openEmbeddedReadStore } from '../../read-store/embedded/embedded.js'
import { textsOf, wholeLog } from '../projections/tidemark.js'
import { collectionsRead, foldsAsItWas } from './as-it-was.js'
import { twoHistories } from './histories.js'
import { lawParameters } from './law-parameters.js'
import { live } from './lived-history.js'
import { expectedPeriods } from './oracle.js'

/**
 * The past over random histories: what is folded for one agreement as of a position is what the live documents were when
 * the log ended there, and an explanation adds up to the figure, from the events that are in the log. `LAWS_SEED=…
 * LAWS_PATH=…` repeats a failure, `LAWS_RUNS=…` looks further.
 */
const parameters = lawParameters(15)
t.setTimeout(600_000)
const { signal } = new AbortController()

void t.test('any position of any history', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-past-'))
  const readStore = await openEmbeddedReadStore(folder)
  t.teardown(async () => {
    await readStore.close()
    rmSync(folder, { recursive: true })
  })
  let lives = 0
  const counted = { positions: 0, steps: 0 }
  await fc.assert(
    fc.asyncProperty(twoHistories, async ({ facts, lateness, one }) => {
      const name = `life-${lives++}`
      const eventStore = openEmbeddedEventStore(join(folder, name))
      const projection = { ...dataPlans, name }
      try {
        await live({ folder: join(folder, name), eventStore, readStore, projection }, one, lateness)
        const pasts = agreementsIn(await wholeLog(eventStore)).map((id) => [pastOfAgreement(id)] as const)
        const read = collectionsRead('agreements', 'billing-periods')
        counted.positions += await foldsAsItWas({ eventStore, readStore, projection, read, pasts })
        const models: ReadModels = { live: () => readStore.live(name) }
        const explained = await explainsItself(eventStore, models)
        const expected = [...expectedPeriods(facts)].map(([id, { records }]) => [id, [...records].sort()])
        equal(
          [...explained].map(([id, ids]) => [id, ids]).sort(byId),
          expected.sort(byId),
          'the records that are explained are those that the facts say',
        )
        counted.steps += [...explained.values()].flat().length
      } finally {
        await eventStore.close()
        rmSync(join(folder, name), { recursive: true })
      }
    }),
    parameters,
  )
  t.ok(parameters.path || (counted.positions > 100 && counted.steps > 20), JSON.stringify(counted))
})

/**
 * Explains every period as of the end of the log, and checks it against the log and against the documents as of other
 * positions. Answers the external ids of the records of each.
 */
async function explainsItself(eventStore: EventStore, models: ReadModels): Promise<Map<string, string[]>> {
  const explained = new Map<string, string[]>()
  const log = await wholeLog(eventStore)
  const head = log.at(-1)?.position ?? 0
  const at = new Map(log.map((event) => [event.position, event]))
  const build = (await models.live(''))!
  for (const [key, text] of Object.entries(await textsOf(build, 'billing-periods'))) {
    const period = JSON.parse(text) as BillingPeriod
    const whole = await explanationOf(eventStore, models, key, head)
    if (!whole) throw new Error(`${key} is not explained`)
    equal(whole.figure.value, period.totalRecordedBytes, `the figure of ${key}`)
    equal(whole.figure.events, period.recordCount, `the events behind ${key}`)
    explained.set(key, whole.steps.map((step) => addedUp(step, at, whole)).sort())
    for (const step of whole.steps) await countsSince(step, key, eventStore, models)
    const raised = log.filter(({ stream }) => stream === `billing-period-${key.replace('/', '-')}`)
    equal(
      whole.outcomes.map(({ position, figure }) => [position, figure]),
      raised.map(({ position, data }) => [position, (data as BillingPeriod).totalRecordedBytes]),
      `the notifications of ${key}`,
    )
  }
  return explained
}

type Step = Explanation['steps'][number]

/** The record that a step is, which must stand in the log where and as the step says. */
function addedUp(step: Step, at: ReadonlyMap<number, RecordedEvent>, { steps }: Explanation): string {
  const event = at.get(step.position) as RecordedEvent<DataRecorded> | undefined
  const { stream, revision, type, data } = event!
  equal(
    [step.stream, step.revision, step.type, step.at, step.amount],
    [stream, revision, type, data.recordedAt, data.recordedBytes],
    `the event at ${step.position}`,
  )
  const sum = steps
    .slice(0, steps.indexOf(step) + 1)
    .reduce<number | string>((total, { amount }) => plus(total, amount!), 0)
  equal(step.total, sum, 'the running total')
  return data.externalRecordId
}

/** From the position on that a step names it is counted here; before that where it says, or nowhere. */
async function countsSince(
  step: Step,
  key: string,
  eventStore: EventStore,
  models: ReadModels,
): Promise<void> {
  const { since, from } = step.rule
  const has = (explanation: Explanation | undefined) =>
    explanation?.steps.some(({ position }) => position === step.position) ?? false
  const then = (id: string, position: number) => explanationOf(eventStore, models, id, position)
  equal(has(await then(key, since)), true, `${step.position} is counted in ${key} at ${since}`)
  equal(has(await then(key, since - 1)), false, `${step.position} is counted in ${key} before ${since}`)
  if (from === undefined) return
  const months = await monthsAround(step.at)
  const before = await Promise.all(months.map((month) => then(`${from}/${month}`, since - 1)))
  equal(before.filter(has).length, 1, `${step.position} was counted by ${from} before ${since}`)
}

/** The months that an instant may be in, in whatever zone. */
async function monthsAround(at: string): Promise<string[]> {
  const day = 86_400_000
  const months = [-day, 0, day].map((offset) => new Date(Date.parse(at) + offset).toISOString().slice(0, 7))
  return [...new Set(months)]
}

/** All pages, two items each; undefined if there is nothing to explain. */
async function explanationOf(
  eventStore: EventStore,
  models: ReadModels,
  key: string,
  position: number,
): Promise<Explanation | undefined> {
  const [id, month] = [key.slice(0, -8), key.slice(-7)]
  const byOwnName: ReadModels = { live: () => models.live(key) }
  const evidence = { eventStore, models: byOwnName, position, signal }
  const pages: Explanation[] = []
  let after: string | undefined
  do {
    try {
      pages.push(await explain(billingPeriodExplainer, { id, month }, evidence, { limit: 2, after }))
    } catch (error) {
      if (error instanceof NothingToExplain) return undefined
      throw error
    }
    after = pages.at(-1)!.next
  } while (after !== undefined)
  const [first] = pages
  for (const { figure } of pages) equal(figure, first!.figure, 'the figure is the same on all pages')
  return {
    ...first!,
    steps: pages.flatMap(({ steps }) => steps),
    outcomes: pages.flatMap(({ outcomes }) => outcomes),
  }
}

function agreementsIn(log: readonly RecordedEvent[]): string[] {
  return log
    .filter(({ type }) => type === 'AgreementSigned')
    .map(({ data }) => (data as AgreementSigned['data']).agreementId)
}

function byId(a: unknown[], b: unknown[]): number {
  return String(a[0]) < String(b[0]) ? -1 : 1
}

function equal(found: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found, null, 1), JSON.stringify(expected, null, 1)]
  if (a !== b) throw new Error(`${what}: found ${a}, expected ${b}`)
}
