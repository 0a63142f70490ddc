import { Temporal } from 'temporal-polyfill'
import { faultCodes, shown } from './fault.js'
import { InvalidValue } from './invalid-record.js'

export class InvalidTimeZone extends InvalidValue {
  constructor(name: string) {
    super('invalid-time-zone', `${shown(name)} is not one: ${faultCodes['invalid-time-zone']}`)
  }
}

/** A calendar month on the clock of a zone. There is one object for a month and zone: compare by `===`. */
export interface Month {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  /** `yyyy-MM`. */
  readonly key: string
  /** Its first instant, in milliseconds since 1970. */
  readonly start: number
  /** The first instant of the next month. */
  readonly end: number
}

/**
 * Is this the name of a zone in the IANA database? Names are taken as `Intl` takes them: links such as
 * `Asia/Calcutta` too, and in any case. Bare offsets (`+01:00`) are no zones: a month needs rules.
 */
export function isTimeZone(name: string): boolean {
  return zoneOf(name) !== undefined
}

/** @throws {InvalidTimeZone} */
export function assertTimeZone(name: string): void {
  if (zoneOf(name) === undefined) throw new InvalidTimeZone(name)
}

/** Do two names mean the same zone, as `Etc/UTC` and `utc` do? Both must be zones. */
export function isSameTimeZone(a: string, b: string): boolean {
  const one = Temporal.Instant.fromEpochMilliseconds(0)
  return one.toZonedDateTimeISO(a).equals(one.toZonedDateTimeISO(b))
}

/** What a zone's clock shows at an instant, minus UTC, in seconds. `zone` must be one. */
export function offsetSecondsAt(zone: string, ms: number): number {
  return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone).offsetNanoseconds / 1e9
}

/**
 * The calendar month in a zone that contains an instant (docs/semantics.md, Data plans: Billing period).
 *
 * Months are half-open and leave no gap: each starts at the first instant at which its zone's clock shows the
 * first of the month, or what comes after it where that day or its midnight was skipped. Where a clock is set back
 * over that midnight, the hour that repeats the old month belongs to the new one.
 *
 * Any instant whose UTC year is 1 to 9999. At the far ends that may be month `0000-12` or `10000-01`.
 *
 * @throws {InvalidTimeZone}
 */
export function monthAt(zone: string, ms: number): Month {
  if (ms >= lastMonth.start && ms < lastMonth.end && zone === lastZone) return lastMonth
  const months = zone === lastZone ? lastMonths : monthsOf(zone)
  lastMonth = months.at(ms)
  lastMonths = months
  lastZone = zone
  return lastMonth
}

/**
 * The month of that key in a zone; undefined if the key is not one (`2020-1`, `2020-13`, …).
 *
 * @throws {InvalidTimeZone}
 */
export function monthOf(zone: string, key: string): Month | undefined {
  const parts = /^(\d{4}|10000)-(0[1-9]|1[0-2])$/.exec(key)
  return parts ? monthsOf(zone).get(Number(parts[1]) * 12 + Number(parts[2]) - 1) : undefined
}

/** The months of one zone, each worked out when it is first asked for (20 to 70 µs), and then kept. */
class Months {
  private readonly known = new Map<number, Month>()

  constructor(private readonly zone: string) {}

  at(ms: number): Month {
    let month = this.get(EPOCH + Math.floor(ms / MEAN_MONTH))
    while (ms < month.start) month = this.get(indexOf(month) - 1)
    while (ms >= month.end) month = this.get(indexOf(month) + 1)
    return month
  }

  /** By its index: months since the year 0. */
  get(index: number): Month {
    return this.known.get(index) ?? this.add(index)
  }

  private add(index: number): Month {
    const year = Math.floor(index / 12)
    const month = (index % 12) + 1
    const key = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}`
    const start = this.known.get(index - 1)?.end ?? this.start(index)
    const end = this.known.get(index + 1)?.start ?? this.start(index + 1)
    const added = Object.freeze({ year, month, key, start, end })
    this.known.set(index, added)
    return added
  }

  private start(index: number): number {
    const first = new Temporal.PlainDate(Math.floor(index / 12), (index % 12) + 1, 1)
    return first.toZonedDateTime({ timeZone: this.zone }).epochMilliseconds
  }
}

/** The index of January 1970. */
const EPOCH = 1970 * 12
/** Of the Gregorian calendar: 400 years have 146,097 days. A guess by it is a day or two off at most. */
const MEAN_MONTH = (146_097 / 4800) * 86_400_000

function indexOf(month: Month): number {
  return month.year * 12 + month.month - 1
}

/** Lower-case name → the zone's months. As many as there are zones. */
const zones = new Map<string, Months>()
/** Names as they are written → the zone they mean, if any. */
const names = new Map<string, Months | undefined>()
/** There are some 600 names. More than this are odd spellings, and are forgotten. */
const MAX_NAMES = 4096

let lastZone = ''
let lastMonths = new Months('UTC')
let lastMonth: Month = { year: 0, month: 0, key: '', start: 0, end: 0 }

function monthsOf(name: string): Months {
  const months = zoneOf(name)
  if (!months) throw new InvalidTimeZone(name)
  return months
}

function zoneOf(name: string): Months | undefined {
  return names.get(name) ?? (names.has(name) ? undefined : lookUp(name))
}

function lookUp(written: string): Months | undefined {
  if (names.size >= MAX_NAMES) names.clear()
  // A copy: the text may be a slice of a whole page of a file, and would keep all of that in memory.
  const name = Buffer.from(written).toString()
  const lowerCase = name.toLowerCase()
  let months = zones.get(lowerCase)
  if (!months && startsWithLetter(name) && intlKnows(name)) {
    months = new Months(name)
    zones.set(lowerCase, months)
  }
  names.set(name, months)
  return months
}

/** `Intl` takes offsets for zones from Node 22 on; no name starts with a sign or a digit. */
function startsWithLetter(name: string): boolean {
  const code = name.charCodeAt(0) | 32
  return code >= 97 && code <= 122
}

function intlKnows(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
