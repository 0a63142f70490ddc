import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asEuros } from '../domain/cents.js'
import type { CustomerMonth } from '../domain/customer-month.js'
import type { RecordedEvent } from '../domain/event.js'
import type { InvoiceEvent } from '../domain/invoice.js'
import { customerMonths } from '../projections/billing/customer-billing-documents.js'
import { customerBilling } from '../projections/billing/customer-billing.js'
import type { ReadStore } from '../read-store/port.js'
import { catchUp } from './caught-up.js'
import type { Context } from './command.js'
import type { System } from './compose.js'
import { filesIn } from './files-to-import.js'
import { importAll } from './import.js'
import { table } from './output.js'
import { generateBilling, knownTotals, type BillingSample } from './samples/billing.js'
import { whileTelling } from './while-telling.js'

const sample: BillingSample = {
  customers: 4,
  events: 240,
  months: 3,
  seed: 1,
  disorder: 0.1,
  late: 0.02,
  duplicates: 0.34,
}
const shownMonths = 100

/** The part of `tidemark demo` that shows live billing: the sums, invoices and corrections of known amounts. */
export async function demoBilling(system: System, context: Context) {
  const { config, output } = context
  const out = join(config.data, 'sample', 'billing')
  await rm(out, { recursive: true, force: true })
  output.say(`\nLive billing: ${sample.customers} customers, ${sample.months} months, in ${out}`)
  await generateBilling({ ...sample, out })
  output.say('\nInvoices, as they are issued and corrected:')
  const telling = { categories: ['invoice'], shown: shownInvoice }
  const imported = await whileTelling(system.eventStore, telling, output, async () => {
    const files = await filesIn([join(out, 'billable-events')], context)
    const counts = await importAll(system, 'billable-events', files)
    await catchUp(system)
    return { kind: 'billable-events', ...counts }
  })
  const months = await billedMonths(system.readStore)
  output.say(`\nImported (one file came twice):\n${table([imported])}`)
  output.say(`\nWhat each customer owes, in euros:\n${table(byCustomer(months))}`)
  const matches = asKnown(months)
  output.say(
    matches
      ? '\nEvery sum is what the sample was made to come to: n × 10 euros for the n-th customer, and a cent a month.'
      : '\nThe log has other billable events as well: the sample alone comes to what its totals.csv says.',
  )
  return { imported, months, asKnown: matches }
}

async function billedMonths(readStore: ReadStore): Promise<CustomerMonth[]> {
  const build = await readStore.live(customerBilling.name)
  const page = await build?.page(customerMonths, { limit: shownMonths })
  return page?.rows.map(({ text }) => JSON.parse(text) as CustomerMonth) ?? []
}

/** A row for each customer, with a column for each month. */
function byCustomer(months: readonly CustomerMonth[]): Record<string, string>[] {
  const rows = new Map<string, Record<string, string>>()
  for (const { customer, month, totalCents } of months) {
    rows.set(customer, { ...(rows.get(customer) ?? { customer }), [month]: asEuros(totalCents) })
  }
  return [...rows.values()]
}

function asKnown(months: readonly CustomerMonth[]): boolean {
  const found = months.map(({ customer, month, totalCents }) => `${customer} ${month} ${totalCents}`)
  const known = Array.from(
    knownTotals(sample),
    ({ customer, month, totalCents }) => `${customer} ${month} ${totalCents}`,
  )
  return found.sort().join() === known.sort().join()
}

function shownInvoice(event: RecordedEvent): string {
  const { type, data } = event as unknown as RecordedEvent<InvoiceEvent>
  const { customer, month, totalEur, eventCount, revision } = data
  const issued = `  ${type.padEnd(16)} ${customer.padEnd(5)} ${month} ${totalEur.padStart(7)} EUR`
  if (!('previousTotalEur' in data)) return `${issued} for ${eventCount} events`
  return `${issued}, revision ${revision}: was ${data.previousTotalEur}, difference ${data.differenceEur}`
}
