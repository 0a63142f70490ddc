import { asEuros } from '../domain/cents.js'
import type { Context } from './command.js'
import { WrongUsage } from './command.js'
import { table } from './output.js'
import { ProgressBar } from './progress.js'
import { generateBilling, knownTotals, type BillingSample } from './samples/billing.js'
import { generateDataPlan } from './samples/data-plan.js'
import { generateMoney } from './samples/money.js'

export interface DataPlanOptions {
  readonly subscribers: string
  readonly months: string
  readonly out: string
}

/** `tidemark generate data-plan`: the deterministic sample. */
export async function generateDataPlanSample(options: DataPlanOptions, { output }: Context): Promise<void> {
  const subscribers = countOf('--subscribers', options.subscribers, 1_000_000)
  const months = countOf('--months', options.months, 1_200)
  const bar = new ProgressBar('generating')
  const generated = await generateDataPlan({
    subscribers,
    months,
    out: options.out,
    onProgress: ({ records, total }) => bar.update(records, total),
  })
  bar.end()
  const { files, records } = generated
  output.result(
    generated,
    () => `${records} records and ${subscribers} agreements in ${files} files in ${options.out}`,
  )
}

export interface BillingOptions {
  readonly customers: string
  readonly events: string
  readonly months?: string
  readonly seed: string
  readonly disorder: string
  readonly late: string
  readonly duplicates: string
  readonly out: string
}

/** So many months where nobody says how many, and there are events for them. */
const usualMonths = 3
/** So many totals are shown; all of them are in the file. */
const shownTotals = 24

/** `tidemark generate billing`: billable events whose totals are known beforehand. */
export async function generateBillingSample(options: BillingOptions, { output }: Context): Promise<void> {
  const customers = countOf('--customers', options.customers, 1_000_000)
  const events = countOf('--events', options.events, 1_000_000_000)
  const sample = {
    customers,
    events,
    months:
      options.months === undefined
        ? Math.min(usualMonths, Math.max(1, Math.floor(events / customers)))
        : countOf('--months', options.months, 1_200),
    seed: seedOf(options.seed),
    disorder: shareOf('--disorder', options.disorder),
    late: shareOf('--late', options.late),
    duplicates: shareOf('--duplicates', options.duplicates),
  }
  checkEnough(sample)
  const bar = new ProgressBar('generating')
  const onProgress = (done: { records: number; total: number }) => bar.update(done.records, done.total)
  const generated = await generateBilling({ ...sample, out: options.out, onProgress })
  bar.end()
  const { files, records, repeated, totalEur } = generated
  output.result(generated, () => {
    const again = repeated === 0 ? '' : `, ${repeated} of them delivered twice`
    const rows: { customer: string; month: string; totalEur: string }[] = []
    let totals = 0
    for (const { customer, month, totalCents } of knownTotals(sample)) {
      if (++totals <= shownTotals) rows.push({ customer, month, totalEur: asEuros(totalCents) })
    }
    const more = totals > shownTotals ? `\n… and ${totals - shownTotals} more` : ''
    return (
      `${records} billable events in ${files} files in ${options.out}${again}\n` +
      `They come to ${totalEur} euros: see totals.csv\n\n${table(rows)}${more}`
    )
  })
}

/**
 * With an event for each customer in each month, everybody's months come to their known totals.
 *
 * @throws {WrongUsage}
 */
function checkEnough({ customers, events, months }: BillingSample): void {
  const least = customers * months
  if (events >= least) return
  throw new WrongUsage(
    `--events is ${events}: it takes at least ${least}, one for each of ${customers} customers in each of ${months} months`,
  )
}

export interface MoneyOptions {
  readonly users: string
  readonly events: string
  readonly out: string
  readonly seed: string
  readonly duplicates: string
  readonly disorder: string
  readonly late: string
}

/** `tidemark generate money`: events of wallets, users and sessions, badly delivered. */
export async function generateMoneySample(options: MoneyOptions, { output }: Context): Promise<void> {
  const bar = new ProgressBar('generating')
  const generated = await generateMoney({
    users: countOf('--users', options.users, 1_000_000),
    events: countOf('--events', options.events, 100_000_000),
    out: options.out,
    seed: seedOf(options.seed),
    duplicates: shareOf('--duplicates', options.duplicates),
    disorder: shareOf('--disorder', options.disorder),
    late: shareOf('--late', options.late),
    onProgress: ({ records, total }) => bar.update(records, total),
  })
  bar.end()
  const { files, records } = generated
  output.result(generated, () => `${records} records in ${files} files in ${options.out}`)
}

function shareOf(option: string, value: string): number {
  const share = Number(value)
  if (/^\d+(\.\d+)?$/.test(value) && share <= 1) return share
  throw new WrongUsage(`${option} is ${JSON.stringify(value)}: it takes a share from 0 to 1, such as 0.1`)
}

function seedOf(value: string): number {
  return countOf('--seed', value, Number.MAX_SAFE_INTEGER, 0)
}

function countOf(option: string, value: string, most: number, least = 1): number {
  const count = Number(value)
  if (/^\d+$/.test(value) && count >= least && count <= most) return count
  throw new WrongUsage(
    `${option} is ${JSON.stringify(value)}: it takes a whole number from ${least} to ${most}`,
  )
}
