import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { BillableEventRecorded } from '../../domain/billable-event.js'
import type { Charges } from '../../domain/charges.js'
import type { CustomerMonth } from '../../domain/customer-month.js'
import type { RecordedEvent } from '../../domain/event.js'
import type { Invoice, InvoiceEvent } from '../../domain/invoice.js'
import { openEmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import type { EventStore } from '../../event-store/port.js'
import { customerBilling } from '../../projections/billing/customer-billing.js'
import { customerMonths, invoices } from '../../projections/billing/customer-billing-documents.js'
import { typeCustomerMonths, typeMonths } from '../../projections/billing/type-billing-documents.js'
import { typeBilling } from '../../projections/billing/type-billing.js'
import { verify } from '../../projections/running/verify.js'
import type { Build } from '../../read-store/port.js'
import { textsOf, wholeLog } from '../projections/tidemark.js'
import { twoBillingHistories, type Delivery, type TwoBillingHistories } from './billing-histories.js'
import {
  centsOf,
  clockOf,
  expectedInvoices,
  expectedMonths,
  expectedTypes,
  type BilledFact,
  type ExpectedSum,
} from './billing-oracle.js'
import { lawParameters } from './law-parameters.js'
import { liveBilling } from './lived-billing.js'
import { openReadStores } from './shared-read-stores.js'

/**
 * Laws 2, 3, 4 and 6 of live billing over random histories. `LAWS_SEED=… LAWS_PATH=…` repeats a failure,
 * `LAWS_SHRINK=1` makes it small, `LAWS_RUNS=…` looks further. A run has two histories.
 */
const parameters = lawParameters(126)
t.setTimeout(600_000)

type Texts = Record<string, Record<string, string>>

void t.test('any two histories of the same billable events end in what the events say', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-billing-laws-'))
  const stores = await openReadStores(folder)
  t.teardown(async () => {
    await stores.close()
    rmSync(folder, { recursive: true })
  })
  let lives = 0
  let [issued, corrected] = [0, 0]
  const lived = async ({ facts, zone }: TwoBillingHistories, deliveries: readonly Delivery[]) => {
    const name = `life-${lives++}`
    const projections = [
      { ...customerBilling, name: `${name}-customers` },
      { ...typeBilling, name: `${name}-types` },
    ] as const
    const readStore = await stores.next()
    const eventStore = openEmbeddedEventStore(join(folder, name))
    const place = { folder: join(folder, name), eventStore, readStore, projections }
    try {
      await liveBilling(place, deliveries, zone)
      const [customers, types] = await Promise.all(
        projections.map(async ({ name }) => (await readStore.live(name))!),
      )
      const documents = await convergentDocuments(customers!, types!)
      holdsOfDocuments(documents, facts, zone ?? 'UTC')
      const told = await holdsOfTheLog(eventStore, facts, zone ?? 'UTC')
      issued += told.filter((type) => type === 'InvoiceIssued').length
      corrected += told.filter((type) => type === 'InvoiceCorrected').length
      for (const projection of projections) {
        equal((await verify(projection, place)).differences, [], 'verify finds nothing')
      }
      return documents
    } finally {
      await eventStore.close()
      rmSync(place.folder, { recursive: true })
    }
  }
  await fc.assert(
    fc.asyncProperty(twoBillingHistories, async (histories) => {
      const [one, other] = [await lived(histories, histories.one), await lived(histories, histories.other)]
      equal(one, other, 'both histories end in the same documents')
    }),
    parameters,
  )
  t.ok(lives >= 2 * parameters.numRuns || parameters.path, `${lives} histories`)
  t.ok(issued > lives && corrected > lives / 4, `${issued} invoices and ${corrected} corrections`)
})

/** Everything in the read models that docs/semantics.md does not mark as history, as text. */
async function convergentDocuments(customers: Build, types: Build): Promise<Texts> {
  const issued = Object.entries(await textsOf(customers, invoices)).map(([id, text]): [string, string] => {
    const { revision, issuedCents, differenceCents, ...rest } = JSON.parse(text) as Invoice
    return [id, JSON.stringify(rest)]
  })
  return {
    months: await textsOf(customers, customerMonths),
    invoices: Object.fromEntries(issued),
    clocks: await textsOf(customers, 'clocks'),
    types: { ...(await textsOf(types, typeMonths)), ...(await textsOf(types, typeCustomerMonths)) },
    typeClocks: await textsOf(types, 'clocks'),
  }
}

/** What the documents say is what the oracle says. */
function holdsOfDocuments(documents: Texts, facts: readonly BilledFact[], zone: string): void {
  const expected = expectedMonths(facts, zone)
  const asExpected = ({ customer, month, ...sums }: CustomerMonth) => ({
    customer,
    month,
    ...sumOf(sums),
    types: Object.fromEntries(Object.entries(sums.subtotals).map(([type, sum]) => [type, sumOf(sum)])),
  })
  const found = entriesOf<CustomerMonth>(documents.months!).map(([id, month]) => [id, asExpected(month)])
  const months = sorted(expected).map(([id, { ended, ...month }]) => [id, month])
  equal(found, months, 'the months of customers')
  const issued = entriesOf<Invoice>(documents.invoices!).map(([id, invoice]) => [id, asExpected(invoice)])
  const ended = sorted(expected).filter(([, month]) => month.ended)
  equal(
    issued,
    ended.map(([id, { ended, ...month }]) => [id, month]),
    'the invoices, by their latest revision',
  )
  const types = entriesOf<Charges>(documents.types!).map(([id, sum]) => [id, sumOf(sum)])
  equal(types, sorted(expectedTypes(facts, zone)), 'the months of types')
  for (const clocks of [documents.clocks!, documents.typeClocks!]) {
    const { latest, zone: billed } = JSON.parse(clocks.billing!) as { latest: number; zone: string }
    equal([latest - 12 * 3_600_000, billed], [clockOf(facts), zone], 'the clock')
  }
}

/**
 * Each fact is in the log once, and so is every revision of an invoice that it makes due where it stands. Answers the
 * types of the events of invoices.
 */
async function holdsOfTheLog(
  eventStore: EventStore,
  facts: readonly BilledFact[],
  zone: string,
): Promise<string[]> {
  const log = await wholeLog(eventStore)
  const recorded = log.filter(({ type }) => type === 'BillableEventRecorded')
  const order = recorded.map(({ data }) => factOf(data as BillableEventRecorded['data']))
  equal(order.map(textOf).sort(), facts.map(textOf).sort(), 'every fact is in the log once')
  const said = new Map<string, string[]>()
  const types: string[] = []
  for (const event of log) {
    if (!event.stream.startsWith('invoice-')) continue
    const { type, revision, stream, data } = event as unknown as RecordedEvent<InvoiceEvent>
    const id = `${data.month}/${data.customer}`
    const earlier = said.get(id) ?? []
    equal([revision, data.revision, stream], [earlier.length, revision, streamOf(data)], 'its place')
    const sum = `${centsOf(data.totalEur)} of ${data.eventCount}`
    const change =
      'differenceEur' in data
        ? ` was ${centsOf(data.previousTotalEur)} by ${centsOf(data.differenceEur)}`
        : ''
    said.set(id, [...earlier, change === '' ? `issued ${sum}` : `corrected ${revision} ${sum}${change}`])
    types.push(type)
  }
  equal(sorted(said), sorted(expectedInvoices(order, zone)), 'the events of invoices')
  return types
}

function streamOf({ customer, month }: InvoiceEvent['data']): string {
  return `invoice-${customer}-${month}`
}

/** A fact as the log has it: its amount in cents. */
function factOf({ timestampMs, customer, type, amountCents }: BillableEventRecorded['data']): BilledFact {
  const digits = String(Math.abs(amountCents)).padStart(3, '0')
  const amount = `${amountCents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
  return { n: 0, at: timestampMs, customer, amount, type }
}

function textOf({ at, customer, amount, type }: BilledFact): string {
  return JSON.stringify([at, customer, centsOf(amount).toString(), type.toUpperCase()])
}

function sumOf({ totalCents, eventCount }: Charges): ExpectedSum {
  return { total: String(totalCents), count: eventCount }
}

function entriesOf<Document>(texts: Record<string, string>): [string, Document][] {
  return sorted(new Map(Object.entries(texts))).map(([id, text]) => [id, JSON.parse(text) as Document])
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1))
}

function equal(found: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found, null, 1), JSON.stringify(expected, null, 1)]
  if (a !== b) throw new Error(`${what}: found ${a}, expected ${b}`)
}
