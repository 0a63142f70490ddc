import { copyFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { billableTypes } from '../../domain/billable-event.js'
import { asEuros, plusCents, type Cents } from '../../domain/cents.js'
import { monthOf, type Month } from '../../domain/time-zone.js'
import { JavaRandom } from './java-random.js'
import { emptyFolder, writeLines } from './sample-file.js'

/** Deterministic sample data for live billing (docs/semantics.md, Live billing: The sample). */
export interface BillingSample {
  readonly customers: number
  readonly events: number
  /** One file each, from January 2020 on. */
  readonly months: number
  readonly seed: number
  /** Share of the events that come after later ones, though not too late for their invoice. 0 to 1. */
  readonly disorder: number
  /** Share of the events that come when their month has been invoiced; those of the last month cannot. 0 to 1. */
  readonly late: number
  /** Share of the files that are delivered a second time, under another name. 0 to 1. */
  readonly duplicates: number
}

export interface GenerateBilling extends BillingSample {
  /** The folder to write to; made if it is not there. */
  readonly out: string
  readonly onProgress?: (progress: { readonly records: number; readonly total: number }) => void
}

export interface GeneratedBilling {
  /** How many were written, all told. */
  readonly files: number
  /** Billable events, each counted once. */
  readonly records: number
  /** Lines of the files that were delivered a second time. */
  readonly repeated: number
  /** What all of them come to. */
  readonly totalEur: string
}

/** What a customer's events of a month come to, whatever the seed and the shares are. */
export interface KnownTotal {
  readonly customer: string
  /** `yyyy-MM`, in any time zone. */
  readonly month: string
  readonly totalCents: number
}

/** Writes `billable-events/*.csv`, and what they come to as `totals.csv`. */
export async function generateBilling(sample: GenerateBilling): Promise<GeneratedBilling> {
  const folder = join(sample.out, 'billable-events')
  await emptyFolder(folder, /^bill_\d{3,}_\d{4}-\d{2}(_again)?\.csv$/)
  let [files, records, repeated] = [0, 0, 0]
  const total = sample.events
  let at = 0
  for (const { name, lines } of billingFiles(sample)) {
    const before = records
    const written = await writeLines(folder, `${name}.csv`, lines, (so) =>
      sample.onProgress?.({ records: before + so, total }),
    )
    records += written
    files++
    if (at++ >= Math.round(sample.duplicates * sample.months)) continue
    await copyFile(join(folder, `${name}.csv`), join(folder, `tmp-${name}`))
    await rename(join(folder, `tmp-${name}`), join(folder, `${name}_again.csv`))
    repeated += written
    files++
  }
  let sum: Cents = 0
  const totals = function* () {
    yield 'customer,month,totalEUR'
    for (const { customer, month, totalCents } of knownTotals(sample)) {
      sum = plusCents(sum, totalCents)
      yield `${customer},${month},${asEuros(totalCents)}`
    }
  }
  await writeLines(sample.out, 'totals.csv', totals())
  return { files: files + 1, records, repeated, totalEur: asEuros(sum) }
}

/** What every customer's months come to: the n-th customer owes n × 10 euros and a cent for each month so far. */
export function* knownTotals(sample: BillingSample): Generator<KnownTotal, void, void> {
  for (let customer = 0; customer < sample.customers; customer++) {
    for (const [at, { key }] of monthsOf(sample).entries()) {
      if (eventsOf(sample, at) <= customer) continue
      yield { customer: nameOf(customer), month: key, totalCents: totalOf(customer, at) }
    }
  }
}

/** A file of billable events. */
export interface BillingFile {
  /** Without its ending. */
  readonly name: string
  /** Without line feeds. They are made as they are taken, once. */
  readonly lines: Iterable<string>
}

/** The files in their order. Late events of one stand in the next, so take all lines of each. */
export function* billingFiles(sample: BillingSample): Generator<BillingFile, void, void> {
  const random = new JavaRandom(sample.seed)
  const late: string[] = []
  for (const [at, month] of monthsOf(sample).entries()) {
    const name = `bill_${String(at).padStart(3, '0')}_${month.key}`
    yield { name, lines: linesOf(sample, at, month, late, random) }
  }
}

/** The lines of a month, and the late ones of the month before: by now its invoices have been issued. */
function* linesOf(sample: BillingSample, at: number, month: Month, late: string[], random: JavaRandom) {
  const lateBefore = late.splice(0)
  const count = eventsOf(sample, at)
  const step = (month.end - month.start - 2 * margin) / count
  const accounts = Array.from({ length: Math.min(sample.customers, count) }, (_, customer) => ({
    cents: totalOf(customer, at),
    events: Math.ceil((count - customer) / sample.customers),
  }))
  const isLast = at === sample.months - 1
  const held = new Map<number, string[]>()
  for (let n = 0; n < count; n++) {
    const timestampMs = Math.floor(month.start + margin + (n + random.nextDouble()) * step)
    const customer = n % sample.customers
    const account = accounts[customer]
    if (!account) continue
    const type = billableTypes[random.nextInt(billableTypes.length)]
    const line = `${timestampMs},${nameOf(customer)},${nextAmount(account, random)},${type}`
    const delay = delayOf(sample.disorder, step, random)
    if (!isLast && random.nextDouble() < sample.late) late.push(line)
    else if (delay > 0) held.set(n + delay, [...(held.get(n + delay) ?? []), line])
    else yield line
    yield* held.get(n) ?? []
    held.delete(n)
  }
  for (const place of [...held.keys()].sort((a, b) => a - b)) yield* held.get(place) ?? []
  yield* lateBefore
}

/** How many lines later an event comes: 0 mostly, and else not much more than six hours. */
function delayOf(disorder: number, step: number, random: JavaRandom): number {
  const chosen = random.nextDouble() < disorder
  const most = Math.max(1, Math.min(1_000, Math.floor((6 * hour) / step)))
  return chosen ? 1 + random.nextInt(most) : 0
}

/** Part of what is left of a customer's month, all of it in the last event; now and then something is given back. */
function nextAmount(account: { cents: number; events: number }, random: JavaRandom): string {
  const share = account.cents / account.events
  const part = Math.floor(share * (random.nextInt(16) === 0 ? -1 : 2) * random.nextDouble())
  const finer = random.nextInt(10)
  const cents = account.events === 1 ? account.cents : part
  account.cents -= cents
  account.events--
  return amountOf(cents, finer)
}

/** An amount that comes to so many cents, written finer than that: it is rounded away from zero. */
function amountOf(cents: number, finer: number): string {
  if (finer === 0 || cents === 0) return asEuros(cents)
  const lower = asEuros(Math.abs(cents) - 1)
  return `${cents < 0 ? '-' : ''}${lower}${finer}`
}

function totalOf(customer: number, month: number): number {
  return (customer + 1) * 1_000 + month + 1
}

/** How many events a month has: they are spread evenly. */
function eventsOf({ events, months }: BillingSample, month: number): number {
  return Math.floor(((month + 1) * events) / months) - Math.floor((month * events) / months)
}

function monthsOf({ months }: BillingSample): Month[] {
  return Array.from({ length: months }, (_, at) => {
    const key = `${2020 + Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, '0')}`
    const month = monthOf('UTC', key)
    if (!month) throw new RangeError(`there is no month ${key}`)
    return month
  })
}

function nameOf(customer: number): string {
  const name = names[customer % names.length] ?? ''
  const round = Math.floor(customer / names.length)
  return round === 0 ? name : `${name}-${round + 1}`
}

const hour = 3_600_000
/** Nothing happens so close to the ends of a month: it is the same month in every time zone. */
const margin = 24 * hour

const names = 'Emma Liam Olga Noah Mia Jan Lea Max Ada Kai Zoe Tom Eva Ben Ida Leo Amy Sam Una Joe'.split(' ')
