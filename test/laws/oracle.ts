/**
 * What docs/semantics.md (Data plans) says should come out, worked out anew from the plain set of facts for every
 * question: no state, no index, no shortcut, and nothing of the code under test. It is quadratic, and easy to check
 * against the page sentence by sentence.
 */

export interface AgreementFact {
  readonly type: 'agreement'
  readonly id: string
  readonly msisdn: string
  /** All instants are epoch milliseconds. */
  readonly signedAt: number
  readonly serviceStartAt: number
  readonly zone: string
  readonly max: number
}

export interface RecordFact {
  readonly type: 'record'
  readonly id: string
  readonly msisdn: string
  readonly recordedAt: number
  readonly bytes: number
}

/** An operator said that no more records before an instant are to be expected. */
export interface AdvanceFact {
  readonly type: 'advance'
  readonly to: number
}

export type Fact = AgreementFact | RecordFact | AdvanceFact

export interface ExpectedPeriod {
  readonly agreementId: string
  /** `yyyy-MM`. */
  readonly month: string
  /** Decimal digits. */
  readonly total: string
  readonly count: number
  readonly exceeded: boolean
  readonly latestRecordedAt: number
  readonly latestId: string
  /** The ids of its records, newest first. */
  readonly records: readonly string[]
  readonly status: 'open' | 'closed'
}

/** The billing periods that a set of facts makes, by `<agreement id>/<yyyy-MM>`. */
export function expectedPeriods(facts: readonly Fact[], lateness = 0): Map<string, ExpectedPeriod> {
  const groups = new Map<string, { agreement: AgreementFact; month: number; records: RecordFact[] }>()
  for (const record of recordsOf(facts)) {
    const agreement = agreementFor(record, facts)
    if (!agreement) continue
    const month = monthIn(agreement.zone, record.recordedAt)
    const id = `${agreement.id}/${monthText(month)}`
    const group = groups.get(id) ?? { agreement, month, records: [] }
    group.records.push(record)
    groups.set(id, group)
  }
  const clock = clockOf(facts, lateness)
  const periods = new Map<string, ExpectedPeriod>()
  for (const [id, { agreement, month, records }] of groups) {
    const total = records.reduce((sum, { bytes }) => sum + BigInt(bytes), 0n)
    const newestFirst = [...records].sort((a, b) => (isLater(a, b) ? -1 : 1))
    const latest = newestFirst[0]!
    periods.set(id, {
      agreementId: agreement.id,
      month: monthText(month),
      total: total.toString(),
      count: records.length,
      exceeded: total >= BigInt(agreement.max),
      latestRecordedAt: latest.recordedAt,
      latestId: latest.id,
      records: newestFirst.map(({ id }) => id),
      // The clock has reached the end of the month once it stands in a later one.
      status: clock !== undefined && monthIn(agreement.zone, clock) > month ? 'closed' : 'open',
    })
  }
  return periods
}

/** The records that no agreement covers, as `<msisdn>/<id>`, in the order of event time, then id. */
export function expectedUnmatched(facts: readonly Fact[]): string[] {
  return recordsOf(facts)
    .filter((record) => !agreementFor(record, facts))
    .sort((a, b) => (isLater(a, b) ? 1 : -1))
    .map(({ msisdn, id }) => `${msisdn}/${id}`)
}

/** The clock's reading; undefined before there is anything to go by. */
export function clockOf(facts: readonly Fact[], lateness: number): number | undefined {
  const readings = facts.flatMap((fact) => {
    if (fact.type === 'record') return [fact.recordedAt - lateness]
    return fact.type === 'advance' ? [fact.to] : []
  })
  return readings.length > 0 ? Math.max(...readings) : undefined
}

/** What is said to the subscriber's world: type, total, the total before (of a correction), the latest record. */
export type ExpectedNotification = string

/**
 * The notifications of every period in their order, given the order in which the facts came into the log: what has to
 * be said is seen by comparing the world before each fact with the world after it.
 */
export function expectedNotifications(
  log: readonly Fact[],
  lateness = 0,
): Map<string, ExpectedNotification[]> {
  const said = new Map<string, ExpectedNotification[]>()
  const exceeded = new Set<string>()
  const closed = new Set<string>()
  let before = new Map<string, ExpectedPeriod>()
  for (let seen = 1; seen <= log.length; seen++) {
    const after = expectedPeriods(log.slice(0, seen), lateness)
    for (const id of new Set([...before.keys(), ...after.keys()])) {
      const [was, is] = [before.get(id), after.get(id)]
      const notifications = said.get(id) ?? []
      if (is?.exceeded && !exceeded.has(id)) {
        exceeded.add(id)
        notifications.push(`DATA_PLAN_EXCEEDED ${stateOf(is)}`)
      }
      if (closed.has(id)) {
        if (!sameRecords(was, is))
          notifications.push(`BILLING_PERIOD_CORRECTED ${stateOf(is)} was ${totalOf(was)}`)
      } else if (is?.status === 'closed') {
        closed.add(id)
        notifications.push(`BILLING_PERIOD_CLOSED ${stateOf(is)}`)
      }
      if (notifications.length > 0) said.set(id, notifications)
    }
    before = after
  }
  return said
}

/** A period as a notification tells it; one that lost its last record still has to be told. */
function stateOf(period: ExpectedPeriod | undefined): string {
  return `${totalOf(period)} ${period?.latestId ?? null}`
}

function totalOf(period: ExpectedPeriod | undefined): string {
  return period?.total ?? '0'
}

function sameRecords(was: ExpectedPeriod | undefined, is: ExpectedPeriod | undefined): boolean {
  return JSON.stringify(was?.records) === JSON.stringify(is?.records)
}

/** Each record once, however often it came. */
function recordsOf(facts: readonly Fact[]): RecordFact[] {
  const records = new Map<string, RecordFact>()
  for (const fact of facts) {
    if (fact.type !== 'record') continue
    const identity = JSON.stringify([fact.msisdn, fact.id])
    if (!records.has(identity)) records.set(identity, fact)
  }
  return [...records.values()]
}

/** Among agreements that have begun by then: latest start, then latest signature, then greatest id. */
function agreementFor({ msisdn, recordedAt }: RecordFact, facts: readonly Fact[]): AgreementFact | undefined {
  let best: AgreementFact | undefined
  for (const fact of facts) {
    if (fact.type !== 'agreement' || fact.msisdn !== msisdn || fact.serviceStartAt > recordedAt) continue
    if (!best || wins(fact, best)) best = fact
  }
  return best
}

function wins(a: AgreementFact, b: AgreementFact): boolean {
  if (a.serviceStartAt !== b.serviceStartAt) return a.serviceStartAt > b.serviceStartAt
  if (a.signedAt !== b.signedAt) return a.signedAt > b.signedAt
  return bytewise(a.id, b.id) > 0
}

/** Ties in event time are broken by record id. */
function isLater(a: RecordFact, b: RecordFact): boolean {
  return a.recordedAt === b.recordedAt ? bytewise(a.id, b.id) > 0 : a.recordedAt > b.recordedAt
}

function bytewise(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

const minute = 60_000
const threeHours = 180 * minute
const known = new Map<string, number>()

/**
 * The calendar month that contains an instant, counted in months. Where a clock is set back over the midnight at which
 * a month began, the new month goes on: months are half-open and do not come back.
 */
export function monthIn(zone: string, instant: number): number {
  const key = `${zone} ${instant}`
  const answered = known.get(key)
  if (answered !== undefined) return answered
  let month = shownBy(zone, instant)
  if (month !== shownBy(zone, instant + threeHours)) {
    for (let back = minute; back <= threeHours; back += minute) {
      month = Math.max(month, shownBy(zone, instant - back))
    }
  }
  known.set(key, month)
  return month
}

const clocks = new Map<string, Intl.DateTimeFormat>()

/** What a calendar on a wall in that zone shows. */
function shownBy(zone: string, instant: number): number {
  let clock = clocks.get(zone)
  if (!clock) {
    const shown = { year: 'numeric', month: 'numeric', calendar: 'iso8601' } as const
    clocks.set(zone, (clock = new Intl.DateTimeFormat('en', { timeZone: zone, ...shown })))
  }
  const parts = clock.formatToParts(instant)
  const number = (type: string) => Number(parts.find((part) => part.type === type)?.value)
  return number('year') * 12 + number('month') - 1
}

/** `yyyy-MM`. */
export function monthText(month: number): string {
  return `${String(Math.floor(month / 12)).padStart(4, '0')}-${String((month % 12) + 1).padStart(2, '0')}`
}
