import { shown } from './fault.js'
import { InvalidValue } from './invalid-record.js'
import { assertTimeZone, offsetSecondsAt } from './time-zone.js'

export class InvalidTimestamp extends InvalidValue {
  constructor(text: string, why: string) {
    super('invalid-timestamp', `${shown(text)} is not a timestamp: ${why}`)
  }
}

/**
 * The instant that a text names, in milliseconds since 1970.
 *
 * ISO 8601 in its extended form: `yyyy-MM-ddTHH:mm`, then optionally `:ss` and `.` with one to nine digits (finer
 * than milliseconds is refused, not rounded), then the offset: `Z`, `+01:00`, `+0100` or `+01`. Upper case, calendar
 * dates of the years 0001 to 9999 only, no 24:00 and no leap second.
 *
 * A zone in brackets may follow and must exist. Where it contradicts the offset, the offset decides (RFC 9557
 * section 3.4), unless the zone is marked as critical (`[!Europe/Warsaw]`): that is refused.
 *
 * @throws {InvalidTimestamp}
 * @throws {InvalidTimeZone}
 */
export function parseTimestamp(text: string): number {
  const days = readDate(text)
  const minutes = readTime(text)
  let at = 16
  let ms = 0
  if (text.charCodeAt(16) === COLON) {
    ms = readSeconds(text) * 1000
    at = 19
    if (text.charCodeAt(19) === DOT) {
      at = endOfDigits(text, 20)
      ms += readMilliseconds(text, at)
    }
  }
  const end = endOfOffset(text, at)
  const instant = days * DAY + (minutes - readOffset(text, at, end)) * MINUTE + ms
  if (instant < FIRST || instant > lastInstant)
    throw new InvalidTimestamp(text, 'its year in UTC is not in 0001 to 9999')
  if (end !== text.length) checkSuffix(text, at, end, instant)
  return instant
}

/** An instant as ISO 8601 in UTC: `2020-01-10T23:00:00Z`, with milliseconds (`.120`) only where there are any. */
export function formatTimestamp(ms: number): string {
  const day = Math.floor(ms / DAY)
  const inDay = ms - day * DAY
  const second = Math.floor(inDay / 1000)
  const minute = Math.floor(second / 60)
  const hour = Math.floor(minute / 60)
  const time = `${dateOf(day)}${twoDigits(hour)}:${twoDigits(minute - hour * 60)}:${twoDigits(second - minute * 60)}`
  const fraction = inDay - second * 1000
  return fraction === 0 ? `${time}Z` : `${time}.${String(fraction).padStart(3, '0')}Z`
}

/** What {@link formatTimestamp} wrote, with milliseconds in any case: so instants sort bytewise. */
export function sortable(timestamp: string): string {
  return timestamp.length === 20 ? `${timestamp.slice(0, 19)}.000Z` : timestamp
}

/** The last instant that has a timestamp, 9999-12-31T23:59:59.999Z. */
export const lastInstant = 253_402_300_799_999

const MINUTE = 60_000
const DAY = 1440 * MINUTE
/** 0001-01-01T00:00:00Z, in days and in milliseconds. */
const FIRST_DAY = -719_162
const FIRST = FIRST_DAY * DAY

const [PLUS, MINUS, DOT, COLON, T, Z] = [43, 45, 46, 58, 84, 90]
const [OPENING, CLOSING, CRITICAL] = [91, 93, 33]

/** Days before each month of a common year. */
const BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365]
const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
)

/** `yyyy-MM-ddT` of a day since 1970. A year or two of days are kept at hand, each in the one place it may take. */
function dateOf(day: number): string {
  const place = day & 1023
  if (formattedDays[place] !== day) {
    formattedDays[place] = day
    dates[place] = new Date(day * DAY).toISOString().slice(0, 11)
  }
  return dates[place] ?? ''
}
const formattedDays = new Array<number>(1024).fill(Number.NaN)
const dates = new Array<string>(1024).fill('')

const TWO_DIGITS = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'))
function twoDigits(n: number): string {
  return TWO_DIGITS[n] ?? String(n)
}

/** Days since 1970 of `yyyy-MM-ddT` at the start of the text. */
function readDate(text: string): number {
  const century = readTwoDigits(text, 0)
  const ofCentury = readTwoDigits(text, 2)
  const month = readTwoDigits(text, 5)
  const day = readTwoDigits(text, 8)
  if (century < 0 || ofCentury < 0 || month < 0 || day < 0 || !hasDateMarks(text)) {
    throw new InvalidTimestamp(text, 'it does not start with a date and T, as in 2020-01-02T')
  }
  const year = century * 100 + ofCentury
  if (year === 0) throw new InvalidTimestamp(text, 'years are 0001 to 9999')
  const before = BEFORE_MONTH[month - 1]
  if (before === undefined || month > 12) throw new InvalidTimestamp(text, `there is no month ${month}`)
  const leap = isLeap(year) ? 1 : 0
  const length = (BEFORE_MONTH[month] ?? 0) - before + (month === 2 ? leap : 0)
  if (day < 1 || day > length) throw new InvalidTimestamp(text, noSuchDay(year, month, length))
  const y = year - 1
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400)
  return FIRST_DAY + y * 365 + leapDays + before + (month > 2 ? leap : 0) + day - 1
}

function hasDateMarks(text: string): boolean {
  return text.charCodeAt(4) === MINUS && text.charCodeAt(7) === MINUS && text.charCodeAt(10) === T
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function noSuchDay(year: number, month: number, length: number): string {
  return `${MONTHS[month - 1]} ${year} has days 1 to ${length}`
}

/** Minutes since midnight of `HH:mm` after the date. */
function readTime(text: string): number {
  const hour = readTwoDigits(text, 11)
  const minute = readTwoDigits(text, 14)
  if (hour < 0 || minute < 0 || text.charCodeAt(13) !== COLON) {
    throw new InvalidTimestamp(text, 'after the date there is no time as in 23:59')
  }
  if (hour > 23) throw new InvalidTimestamp(text, 'hours are 00 to 23')
  if (minute > 59) throw new InvalidTimestamp(text, 'minutes are 00 to 59')
  return hour * 60 + minute
}

function readSeconds(text: string): number {
  const second = readTwoDigits(text, 17)
  if (second < 0) throw new InvalidTimestamp(text, 'seconds are two digits')
  if (second > 59) throw new InvalidTimestamp(text, 'seconds are 00 to 59')
  return second
}

/** The fraction of a second, from its first digit to `end`. */
function readMilliseconds(text: string, end: number): number {
  const digits = end - 20
  if (digits < 1 || digits > 9) throw new InvalidTimestamp(text, 'a fraction of a second has 1 to 9 digits')
  for (let at = 23; at < end; at++) {
    if (text.charCodeAt(at) !== 48) throw new InvalidTimestamp(text, 'it is finer than a millisecond')
  }
  return Number(text.slice(20, Math.min(end, 23)).padEnd(3, '0'))
}

/** Where an offset that starts at `at` ends: after `Z`, `+01`, `+0100` or `+01:00`. */
function endOfOffset(text: string, at: number): number {
  if (text.charCodeAt(at) === Z) return at + 1
  if (text.charCodeAt(at + 3) === COLON) return at + 6
  return isDigit(text.charCodeAt(at + 3)) ? at + 5 : at + 3
}

/** Minutes east of UTC. */
function readOffset(text: string, at: number, end: number): number {
  const sign = text.charCodeAt(at)
  if (sign === Z) return 0
  if (sign !== PLUS && sign !== MINUS) throw new InvalidTimestamp(text, whyNoOffset(text, at))
  const hours = readTwoDigits(text, at + 1)
  const minutes = end - at > 3 ? readTwoDigits(text, end - 2) : 0
  if (hours < 0 || minutes < 0)
    throw new InvalidTimestamp(text, 'its offset is not like Z, +01:00, +0100 or +01')
  if (hours > 23 || minutes > 59) throw new InvalidTimestamp(text, 'offsets are -23:59 to +23:59')
  return sign === PLUS ? hours * 60 + minutes : -hours * 60 - minutes
}

function whyNoOffset(text: string, at: number): string {
  return at === text.length || text.charCodeAt(at) === OPENING
    ? 'it has no offset such as Z or +01:00'
    : `what follows its first ${at} characters is not an offset such as Z or +01:00`
}

/** The bracketed suffix that was last found right, whole: a file has the same one on every line. */
let lastSuffix = ''

function checkSuffix(text: string, offset: number, at: number, instant: number): void {
  if (text.length - at === lastSuffix.length && text.endsWith(lastSuffix)) return
  if (text.charCodeAt(at) !== OPENING || text.charCodeAt(text.length - 1) !== CLOSING) {
    throw new InvalidTimestamp(text, 'only a time zone in brackets may follow its offset')
  }
  const critical = text.charCodeAt(at + 1) === CRITICAL
  const zone = text.slice(critical ? at + 2 : at + 1, -1)
  assertTimeZone(zone)
  if (!critical) {
    lastSuffix = text.slice(at)
  } else if (contradicts(zone, text.slice(offset, at), instant, readOffset(text, offset, at))) {
    throw new InvalidTimestamp(text, 'its offset is not that of its zone')
  }
}

/** `Z` and `-00:00` say nothing of the local time, so no zone contradicts them (RFC 9557 section 2.2). */
function contradicts(zone: string, offset: string, instant: number, minutes: number): boolean {
  const unknown = offset === 'Z' || (minutes === 0 && offset.startsWith('-'))
  return !unknown && offsetSecondsAt(zone, instant) !== minutes * 60
}

/** -1 if they are none. Past the end of the text `charCodeAt` is NaN, which compares false. */
function readTwoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at)
  const ones = text.charCodeAt(at + 1)
  return isDigit(tens) && isDigit(ones) ? tens * 10 + ones - 528 : -1
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function endOfDigits(text: string, at: number): number {
  let end = at
  while (isDigit(text.charCodeAt(end))) end++
  return end
}
