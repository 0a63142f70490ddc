import { monthIn, monthText } from './oracle.js'

/**
 * What docs/semantics.md (Live billing) says should come out, worked out anew from the plain facts for every question: no
 * state, no index, no shortcut, and nothing of the code under test.
 */

/** A line of some source. Two that say the same are two. */
export interface BilledFact {
  /** Tells it from the others. */
  readonly n: number
  /** Epoch milliseconds. */
  readonly at: number
  readonly customer: string
  /** A decimal, as it is written. */
  readonly amount: string
  /** In any case. */
  readonly type: string
}

export interface ExpectedSum {
  /** Decimal digits, in cents. */
  readonly total: string
  readonly count: number
}

export interface ExpectedMonth extends ExpectedSum {
  readonly customer: string
  /** `yyyy-MM`. */
  readonly month: string
  /** By type, all five of them. */
  readonly types: Readonly<Record<string, ExpectedSum>>
  /** The clock has reached its end. */
  readonly ended: boolean
}

const types = ['MESSAGE', 'DATA', 'CALL', 'PACK', 'MISC']
const twelveHours = 12 * 3_600_000

/** By `<yyyy-MM>/<customer>`. */
export function expectedMonths(facts: readonly BilledFact[], zone: string): Map<string, ExpectedMonth> {
  const months = new Map<string, ExpectedMonth>()
  const clock = clockOf(facts)
  for (const { customer, at } of facts) {
    const month = monthIn(zone, at)
    const own = facts.filter((fact) => fact.customer === customer && monthIn(zone, fact.at) === month)
    months.set(`${monthText(month)}/${customer}`, {
      customer,
      month: monthText(month),
      ...sumOf(own),
      types: Object.fromEntries(types.map((type) => [type, sumOf(ofType(own, type))])),
      ended: monthIn(zone, clock) > month,
    })
  }
  return months
}

/** By `<yyyy-MM>/<type>` and by `<yyyy-MM>/<type>/<customer>`. */
export function expectedTypes(facts: readonly BilledFact[], zone: string): Map<string, ExpectedSum> {
  const sums = new Map<string, ExpectedSum>()
  for (const { at, type, customer } of facts) {
    const month = monthIn(zone, at)
    const own = ofType(facts, type.toUpperCase()).filter((fact) => monthIn(zone, fact.at) === month)
    const id = `${monthText(month)}/${type.toUpperCase()}`
    sums.set(id, sumOf(own))
    sums.set(`${id}/${customer}`, sumOf(own.filter((fact) => fact.customer === customer)))
  }
  return sums
}

/** The clock's reading. There must be a fact to go by. */
export function clockOf(facts: readonly BilledFact[]): number {
  return Math.max(...facts.map(({ at }) => at)) - twelveHours
}

/**
 * What the streams of invoices say, by `<yyyy-MM>/<customer>`, given the order in which the facts came into the log: what has
 * to be said is seen by comparing the world before each fact with the world after it.
 */
export function expectedInvoices(log: readonly BilledFact[], zone: string): Map<string, string[]> {
  const said = new Map<string, string[]>()
  let before = new Map<string, ExpectedMonth>()
  for (let seen = 1; seen <= log.length; seen++) {
    const after = expectedMonths(log.slice(0, seen), zone)
    for (const [id, { total, count, ended }] of after) {
      const was = before.get(id)
      const told = said.get(id) ?? []
      if (told.length === 0 && ended) said.set(id, [`issued ${total} of ${count}`])
      else if (told.length > 0 && was && was.count !== count) {
        const difference = BigInt(total) - BigInt(was.total)
        told.push(`corrected ${told.length} ${total} of ${count} was ${was.total} by ${difference}`)
      }
    }
    before = after
  }
  return said
}

function sumOf(facts: readonly BilledFact[]): ExpectedSum {
  const total = facts.reduce((sum, { amount }) => sum + centsOf(amount), 0n)
  return { total: total.toString(), count: facts.length }
}

function ofType(facts: readonly BilledFact[], type: string): BilledFact[] {
  return facts.filter((fact) => fact.type.toUpperCase() === type)
}

/** Rounded away from zero. */
export function centsOf(amount: string): bigint {
  const negative = amount.startsWith('-')
  const [whole = '', decimals = ''] = amount.replace('-', '').split('.')
  let cents = BigInt(whole + decimals.padEnd(2, '0').slice(0, 2))
  if (/[1-9]/.test(decimals.slice(2))) cents += 1n
  return negative ? -cents : cents
}
