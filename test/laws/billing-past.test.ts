import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { billableTypes } from '../../domain/billable-event.js'
import { asEuros } from '../../domain/cents.js'
import { openEmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import type { EventStore } from '../../event-store/port.js'
import { pastOfCustomer, pastOfType } from '../../projections/billing/past.js'
import { customerBilling } from '../../projections/billing/customer-billing.js'
import { customerMonths, invoices } from '../../projections/billing/customer-billing-documents.js'
import { explain } from '../../projections/explaining/explain.js'
import { invoiceExplainer } from '../../projections/explaining/invoice.js'
import type { Explanation } from '../../projections/explaining/explanation.js'
import { typeMonths } from '../../projections/billing/type-billing-documents.js'
import { typeBilling } from '../../projections/billing/type-billing.js'
import type { ReadStore } from '../../read-store/port.js'
import { wholeLog } from '../projections/tidemark.js'
import { collectionsRead, foldsAsItWas } from './as-it-was.js'
import { twoBillingHistories } from './billing-histories.js'
import { expectedMonths } from './billing-oracle.js'
import { lawParameters } from './law-parameters.js'
import { liveBilling } from './lived-billing.js'
import { openReadStores } from './shared-read-stores.js'

/**
 * The past of live billing over random histories: sums and invoices as of any position are what was live then, and an
 * explanation adds up to the sum. `LAWS_SEED=… LAWS_PATH=…` repeats a failure, `LAWS_RUNS=…` looks further.
 */
const parameters = lawParameters(12)
t.setTimeout(600_000)
const { signal } = new AbortController()

void t.test('any position of any history of billing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-billing-past-'))
  const stores = await openReadStores(folder)
  t.teardown(async () => {
    await stores.close()
    rmSync(folder, { recursive: true })
  })
  let lives = 0
  const counted = { positions: 0, explained: 0 }
  await fc.assert(
    fc.asyncProperty(twoBillingHistories, async ({ facts, zone, one }) => {
      const name = `life-${lives++}`
      const eventStore = openEmbeddedEventStore(join(folder, name))
      const readStore = await stores.next()
      const projections = [{ ...customerBilling, name: `${name}-customers` }]
      try {
        await liveBilling({ folder: join(folder, name), eventStore, readStore, projections }, one, zone)
        const place = { eventStore, readStore }
        counted.positions += await foldsAsItWas({
          ...place,
          projection: customerBilling,
          read: collectionsRead(customerMonths, invoices),
          pasts: [...new Set(facts.map(({ customer }) => customer))].map(
            (customer) => [pastOfCustomer(customer)] as const,
          ),
        })
        await foldsAsItWas({
          ...place,
          projection: typeBilling,
          read: collectionsRead(typeMonths),
          pasts: billableTypes.map((type) => [pastOfType(type)] as const),
        })
        for (const [id, { total, count }] of expectedMonths(facts, zone ?? 'UTC')) {
          await explains(id, asEuros(total), count, place)
          counted.explained++
        }
      } finally {
        await eventStore.close()
        rmSync(join(folder, name), { recursive: true })
      }
    }),
    parameters,
  )
  t.ok(parameters.path || (counted.positions > 60 && counted.explained > 15), JSON.stringify(counted))
})

interface Place {
  readonly eventStore: EventStore
  readonly readStore: ReadStore
}

/** The pages of a month's explanation add up to what the facts say, from events that are in the log. */
async function explains(
  id: string,
  total: string,
  count: number,
  { eventStore, readStore }: Place,
): Promise<void> {
  const [month, customer] = [id.slice(0, 7), id.slice(8)]
  const log = await wholeLog(eventStore)
  const evidence = { eventStore, models: readStore, position: log.at(-1)!.position, signal }
  const pages: Explanation[] = []
  let after: string | undefined
  do {
    pages.push(await explain(invoiceExplainer, { customer, month }, evidence, { limit: 2, after }))
    after = pages.at(-1)!.next
  } while (after !== undefined)
  const steps = pages.flatMap((page) => page.steps)
  const outcomes = pages.flatMap((page) => page.outcomes)
  const sum = steps.reduce((cents, { amount }) => cents + BigInt(String(amount).replace('.', '')), 0n)
  equal(
    [asEuros(sum.toString()), steps.length, steps.at(-1)?.total],
    [total, count, total],
    `the steps of ${id}`,
  )
  for (const { figure } of pages) equal([figure.value, figure.events], [total, count], `the figure of ${id}`)
  for (const { position, revision, stream } of [...steps, ...outcomes]) {
    const event = log.find((one) => one.position === position)
    equal([event?.revision, event?.stream], [revision, stream], `the event at ${position}`)
  }
  const invoiced = log.filter(({ stream }) => stream === `invoice-${customer}-${month}`)
  equal(outcomes.length, invoiced.length, `what came of ${id}`)
  if (outcomes.length > 0) equal(outcomes.at(-1)?.figure, total, 'the last invoice says the same')
}

function equal(found: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)]
  if (a !== b) throw new Error(`${what}: found ${a}, expected ${b}`)
}
