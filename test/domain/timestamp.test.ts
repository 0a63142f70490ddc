import fc from 'fast-check'
import t from 'tap'
import { Temporal } from 'temporal-polyfill'
import { formatTimestamp, InvalidTimestamp, parseTimestamp } from '../../domain/timestamp.js'
import { InvalidTimeZone } from '../../domain/time-zone.js'

const FIRST = Date.parse('0001-01-01T00:00:00Z')
const LAST = Date.parse('9999-12-31T23:59:59.999Z')
const instant = fc.oneof(
  fc.integer({ min: FIRST, max: LAST }),
  fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2040, 0) }),
)

void t.test('reads the forms of an offset, with and without seconds', async (t) => {
  const same = [
    '2020-01-10T23:00Z',
    '2020-01-10T23:00:00Z',
    '2020-01-10T23:00:00.0Z',
    '2020-01-10T23:00:00.000000000Z',
    '2020-01-11T00:00+01:00',
    '2020-01-11T00:00+0100',
    '2020-01-11T00:00+01',
    '2020-01-10T19:30:00-03:30',
    '2020-01-10T19:30-0330',
    '2020-01-10T23:00+00:00',
    '2020-01-10T23:00-00:00',
    '2020-01-11T00:00+01:00[Europe/Warsaw]',
    '2020-01-11T00:00+01:00[!Europe/Warsaw]',
    '2020-01-10T23:00Z[Europe/Warsaw]',
  ]
  for (const text of same) t.equal(parseTimestamp(text), Date.UTC(2020, 0, 10, 23), text)
})

void t.test('reads fractions down to the millisecond', async (t) => {
  const second = Date.UTC(2020, 0, 10, 23, 0, 5)
  t.equal(parseTimestamp('2020-01-10T23:00:05.1Z'), second + 100)
  t.equal(parseTimestamp('2020-01-10T23:00:05.12Z'), second + 120)
  t.equal(parseTimestamp('2020-01-10T23:00:05.123Z'), second + 123)
  t.equal(parseTimestamp('2020-01-10T23:00:05.007000000+00:00'), second + 7)
})

void t.test(
  'lets the offset decide where the zone says otherwise, unless the zone is critical',
  async (t) => {
    t.equal(parseTimestamp('2020-07-01T00:00+01:00[Europe/Warsaw]'), Date.UTC(2020, 5, 30, 23))
    t.throws(() => parseTimestamp('2020-07-01T00:00+01:00[!Europe/Warsaw]'), InvalidTimestamp)
    t.equal(parseTimestamp('2020-07-01T00:00+02:00[!Europe/Warsaw]'), Date.UTC(2020, 5, 30, 22))
    t.equal(
      parseTimestamp('2020-07-01T00:00Z[!Europe/Warsaw]'),
      Date.UTC(2020, 6, 1),
      'Z says nothing of local time',
    )
    t.equal(parseTimestamp('2020-07-01T00:00-00:00[!Europe/Warsaw]'), Date.UTC(2020, 6, 1))
    t.throws(() => parseTimestamp('2020-07-01T00:00+00:00[!Europe/Warsaw]'), InvalidTimestamp, '+00:00 does')
  },
)

void t.test('refuses zones that do not exist', async (t) => {
  for (const zone of [
    'Europe/Krakow',
    '',
    '!',
    '+01:00',
    'u-ca=gregory',
    'Europe/Warsaw]x[UTC',
    ' Europe/Warsaw',
  ]) {
    const text = `2020-01-02T00:00+01:00[${zone}]`
    t.throws(() => parseTimestamp(text), { code: 'invalid-time-zone' }, text)
    t.throws(() => parseTimestamp(text), InvalidTimeZone)
  }
})

void t.test('refuses everything else and says why', async (t) => {
  const refused: [string, RegExp][] = [
    ['', /start with a date and T/],
    ['2020', /start with a date and T/],
    ['2020-01-02', /start with a date and T/],
    ['2020-01-02 00:00Z', /start with a date and T/],
    ['2020-01-02t00:00Z', /start with a date and T/],
    ['20200102T0000Z', /start with a date and T/],
    ['+02020-01-02T00:00Z', /start with a date and T/],
    ['2020-W01-1T00:00Z', /start with a date and T/],
    [' 2020-01-02T00:00Z', /start with a date and T/],
    ['٢٠٢٠-01-02T00:00Z', /start with a date and T/],
    ['0000-01-01T00:00Z', /0001 to 9999/],
    ['2020-00-01T00:00Z', /no month 0/],
    ['2020-13-01T00:00Z', /no month 13/],
    ['2020-99-01T00:00Z', /no month 99/],
    ['2020-01-00T00:00Z', /January 2020 has days 1 to 31/],
    ['2020-04-31T00:00Z', /April 2020 has days 1 to 30/],
    ['2021-02-29T00:00Z', /February 2021 has days 1 to 28/],
    ['1900-02-29T00:00Z', /February 1900 has days 1 to 28/],
    ['2020-01-02T', /no time/],
    ['2020-01-02T0:00Z', /no time/],
    ['2020-01-02T00Z', /no time/],
    ['2020-01-02T24:00Z', /hours are 00 to 23/],
    ['2020-01-02T23:60Z', /minutes are 00 to 59/],
    ['2016-12-31T23:59:60Z', /seconds are 00 to 59/],
    ['2020-01-02T00:00:0Z', /seconds are two digits/],
    ['2020-01-02T00:00:00.Z', /1 to 9 digits/],
    ['2020-01-02T00:00:00.0000000000Z', /1 to 9 digits/],
    ['2020-01-02T00:00:00.1234Z', /finer than a millisecond/],
    ['2020-01-02T00:00:00.123000001Z', /finer than a millisecond/],
    ['2020-01-02T00:00:00,5Z', /not an offset/],
    ['2020-01-02T00:00', /no offset/],
    ['2020-01-02T00:00:00.5', /no offset/],
    ['2020-01-02T00:00[Europe/Warsaw]', /no offset/],
    ['2020-01-02T00:00z', /not an offset/],
    ['2020-01-02T00:00 +01:00', /not an offset/],
    ['2020-01-02T00:00+', /offset is not like/],
    ['2020-01-02T00:00+1', /offset is not like/],
    ['2020-01-02T00:00+010', /offset is not like/],
    ['2020-01-02T00:00+01:', /offset is not like/],
    ['2020-01-02T00:00+01:0', /offset is not like/],
    ['2020-01-02T00:00+24:00', /-23:59 to \+23:59/],
    ['2020-01-02T00:00+01:60', /-23:59 to \+23:59/],
    ['2020-01-02T00:00−01:00', /not an offset/],
    ['2020-01-02T00:00+01:00:00', /zone in brackets/],
    ['2020-01-02T00:00Z ', /zone in brackets/],
    ['2020-01-02T00:00Z[Europe/Warsaw', /zone in brackets/],
    ['2020-01-02T00:00Z[Europe/Warsaw] ', /zone in brackets/],
    ['0001-01-01T00:00+00:01', /year in UTC/],
    ['9999-12-31T23:59-00:01', /year in UTC/],
  ]
  for (const [text, why] of refused) {
    t.throws(() => parseTimestamp(text), { code: 'invalid-timestamp', message: why }, text)
  }
})

void t.test('does not mistake another suffix for the one it saw last', async (t) => {
  parseTimestamp('2020-01-02T00:00+01:00[Europe/Warsaw]')
  t.throws(() => parseTimestamp('2020-01-02T00:00+01:00[Europe/Warsow]'), InvalidTimeZone)
  t.throws(() => parseTimestamp('2020-01-02T00:00+01:00xEurope/Warsaw]'), InvalidTimestamp)
  t.throws(() => parseTimestamp('2020-01-02T00:00[Europe/Warsaw]'), InvalidTimestamp)
})

void t.test('prints UTC, with a fraction only where there is one', async (t) => {
  t.equal(formatTimestamp(Date.UTC(2020, 0, 10, 23)), '2020-01-10T23:00:00Z')
  t.equal(formatTimestamp(Date.UTC(2020, 0, 10, 23, 4, 5, 6)), '2020-01-10T23:04:05.006Z')
  t.equal(formatTimestamp(-1), '1969-12-31T23:59:59.999Z')
  t.equal(formatTimestamp(FIRST), '0001-01-01T00:00:00Z')
  t.equal(formatTimestamp(LAST), '9999-12-31T23:59:59.999Z')
})

void t.test('law: what is printed reads as the same instant', async (t) => {
  fc.assert(fc.property(instant, (ms) => parseTimestamp(formatTimestamp(ms)) === ms))
  t.pass()
})

void t.test('law: prints what Date prints, less an empty fraction', async (t) => {
  fc.assert(
    fc.property(instant, (ms) => formatTimestamp(ms) === new Date(ms).toISOString().replace('.000Z', 'Z')),
  )
  t.pass()
})

void t.test('law: reads what Temporal prints, in any zone', async (t) => {
  // Temporal prints offsets of the time before standard time with seconds or rounded: start where they are minutes.
  const modern = fc.integer({ min: Date.UTC(1980, 0), max: Date.UTC(2090, 0) })
  const zone = fc.constantFrom('Europe/Warsaw', 'America/St_Johns', 'Asia/Kathmandu', 'Pacific/Apia', 'UTC')
  fc.assert(
    fc.property(modern, zone, (ms, zone) => {
      const text = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone).toString()
      return parseTimestamp(text) === ms && parseTimestamp(text.replace('[', '[!')) === ms
    }),
  )
  t.pass()
})

void t.test('law: any text is either read as Temporal reads it or refused with a stable code', async (t) => {
  const near = fc
    .tuple(instant, fc.nat({ max: 24 }), fc.constantFrom(...'0123456789-+:.TZ[]'))
    .map(([ms, at, other]) => {
      const text = formatTimestamp(ms)
      return text.slice(0, at) + other + text.slice(at + 1)
    })
  fc.assert(
    fc.property(fc.oneof(near, fc.string()), (text) => {
      try {
        const ms = parseTimestamp(text)
        return ms === Temporal.Instant.from(text).epochMilliseconds
      } catch (error) {
        return error instanceof InvalidTimestamp || error instanceof InvalidTimeZone
      }
    }),
    { numRuns: 2000 },
  )
  t.pass()
})
