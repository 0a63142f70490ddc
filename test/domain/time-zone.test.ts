import fc from 'fast-check'
import t from 'tap'
import {
  assertTimeZone,
  InvalidTimeZone,
  isTimeZone,
  monthAt,
  monthOf,
  type Month,
} from '../../domain/time-zone.js'

const at = (text: string) => Date.parse(text)
const iso = (ms: number) => new Date(ms).toISOString()

void t.test('knows the zones of the IANA database, links included', async (t) => {
  for (const zone of Intl.supportedValuesOf('timeZone')) t.ok(isTimeZone(zone), zone)
  for (const zone of ['UTC', 'GMT', 'Etc/GMT+1', 'US/Eastern', 'Asia/Calcutta', 'Asia/Kolkata', 'EST5EDT']) {
    t.ok(isTimeZone(zone), zone)
    t.ok(monthAt(zone, 0), zone)
  }
})

void t.test('refuses offsets, inventions and what merely contains a zone', async (t) => {
  const refused = [
    '',
    'Europe/Krakow',
    'Mars/Olympus',
    '+01:00',
    '-05:00',
    '+0100',
    '+01',
    'UTC+1',
    'Z',
    '2020-01-01T00:00Z',
  ]
  for (const zone of [...refused, ' Europe/Warsaw', 'Europe/Warsaw ', 'T00:00[Europe/Warsaw]', '__proto__']) {
    t.notOk(isTimeZone(zone), zone)
    t.notOk(isTimeZone(zone), `${zone}, asked again`)
    t.throws(() => assertTimeZone(zone), { code: 'invalid-time-zone' })
    t.throws(() => monthAt(zone, 0), InvalidTimeZone)
    t.throws(() => monthOf(zone, '2020-01'), InvalidTimeZone)
  }
})

void t.test('keeps answering right after more names than it remembers', async (t) => {
  const before = monthAt('Europe/Warsaw', 0)
  for (let i = 0; i < 5000; i++) isTimeZone(`No/Zone${i}`)
  t.ok(isTimeZone('Europe/Warsaw'))
  t.equal(monthAt('UTC', 0).start, 0)
  t.equal(monthAt('Europe/Warsaw', 0), before, 'and with the same months')
})

void t.test('a month starts and ends at midnight on its own clock', async (t) => {
  t.same(monthAt('Europe/Warsaw', at('2020-01-10T23:00:00Z')), {
    year: 2020,
    month: 1,
    key: '2020-01',
    start: at('2019-12-31T23:00:00Z'),
    end: at('2020-01-31T23:00:00Z'),
  })
  const march = monthAt('Europe/Warsaw', at('2020-03-15T00:00:00Z'))
  t.equal(iso(march.start), '2020-02-29T23:00:00.000Z')
  t.equal(iso(march.end), '2020-03-31T22:00:00.000Z', 'it ends in summer time')
})

void t.test('months are half-open', async (t) => {
  const boundary = at('2019-12-31T23:00:00Z')
  t.equal(monthAt('Europe/Warsaw', boundary - 1).key, '2019-12')
  t.equal(monthAt('Europe/Warsaw', boundary).key, '2020-01')
  t.equal(monthAt('Asia/Tokyo', boundary).key, '2020-01')
  t.equal(monthAt('America/New_York', boundary).key, '2019-12')
})

void t.test('starts after the gap where midnight of the first is skipped', async (t) => {
  const october = monthOf('America/Asuncion', '2017-10') as Month
  t.equal(iso(october.start), '2017-10-01T04:00:00.000Z', '00:00 at -04:00 is 01:00 at -03:00')
  t.equal(monthAt('America/Asuncion', october.start - 1).key, '2017-09')
})

void t.test('starts at the first midnight of the first where there are two', async (t) => {
  // At 00:01 on 2009-11-01 St John's set its clocks back to 23:01 of October: that hour is in November already.
  const november = monthOf('America/St_Johns', '2009-11') as Month
  t.equal(iso(november.start), '2009-11-01T02:30:00.000Z')
  t.equal(monthAt('America/St_Johns', at('2009-11-01T03:00:00Z')), november)
})

void t.test('copes with days that a zone never had', async (t) => {
  // Samoa had no 2011-12-30.
  const december = monthOf('Pacific/Apia', '2011-12') as Month
  t.equal(iso(december.start), '2011-12-01T10:00:00.000Z')
  t.equal(iso(december.end), '2011-12-31T10:00:00.000Z')
  t.equal((december.end - december.start) / 86_400_000, 30)
  // Kiritimati had no 1994-12-31, or no 1995-01-01, as older editions of the database have it.
  const last = monthOf('Pacific/Kiritimati', '1994-12') as Month
  t.equal(monthOf('Pacific/Kiritimati', '1995-01')?.start, last.end)
  t.ok([30, 31].includes((last.end - last.start) / 86_400_000))
})

void t.test('gives the same object for the same month and zone, however it is asked for', async (t) => {
  const month = monthAt('Europe/Warsaw', at('2031-05-05T00:00:00Z'))
  monthAt('UTC', 0)
  t.equal(monthAt('Europe/Warsaw', at('2031-05-31T21:59:59.999Z')), month)
  t.equal(monthOf('Europe/Warsaw', '2031-05'), month)
  t.not(monthOf('Europe/Berlin', '2031-05'), month)
})

void t.test('answers for a zone that was not the one asked before', async (t) => {
  const ms = at('2020-06-30T22:30:00Z')
  t.equal(monthAt('Europe/Warsaw', ms).key, '2020-07')
  t.equal(monthAt('Europe/London', ms).key, '2020-06')
  t.equal(monthAt('Europe/Warsaw', ms).key, '2020-07')
})

void t.test('refuses keys that are no month', async (t) => {
  for (const key of [
    '',
    '2020',
    '2020-1',
    '2020-00',
    '2020-13',
    '2020-01-01',
    '20200-01',
    ' 2020-01',
    '2020-01\n',
    '-001-01',
  ]) {
    t.equal(monthOf('UTC', key), undefined, JSON.stringify(key))
  }
})

void t.test('reaches to both ends of the timestamps, and a month beyond', async (t) => {
  for (const ms of [at('0001-01-01T00:00:00Z'), at('9999-12-31T23:59:59.999Z')]) {
    for (const zone of ['UTC', 'Pacific/Kiritimati', 'America/New_York']) {
      const month = monthAt(zone, ms)
      t.ok(month.start <= ms && ms < month.end, `${zone} ${month.key}`)
      t.equal(monthOf(zone, month.key), month)
    }
  }
  t.equal(monthAt('Pacific/Kiritimati', at('9999-12-31T23:00:00Z')).key, '10000-01')
  t.equal(monthAt('America/New_York', at('0001-01-01T00:00:00Z')).key, '0000-12')
})

/** The local date of an instant as Intl has it: another road to the same answer. */
function localMonth(zone: string, ms: number): string {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    era: 'short',
  })
  const by = Object.fromEntries(parts.formatToParts(ms).map((part) => [part.type, part.value]))
  return `${(by.year ?? '').padStart(4, '0')}-${by.month}`
}

const zones = Intl.supportedValuesOf('timeZone')

void t.test('law: every instant of the last and next decades is in the month that Intl shows', async (t) => {
  const instant = fc.integer({ min: at('1950-01-01T00:00:00Z'), max: at('2060-01-01T00:00:00Z') })
  fc.assert(
    fc.property(fc.constantFrom(...zones), instant, (zone, ms) => {
      const month = monthAt(zone, ms)
      return month.start <= ms && ms < month.end && month.key === localMonth(zone, ms)
    }),
    { numRuns: 300 },
  )
  t.pass()
})

void t.test('law: at a boundary the month changes and nothing is left between', async (t) => {
  const index = fc.integer({ min: 1970 * 12, max: 2040 * 12 })
  fc.assert(
    fc.property(fc.constantFrom(...zones), index, (zone, index) => {
      const key = (index: number) => `${Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}`
      const month = monthOf(zone, key(index)) as Month
      const next = monthOf(zone, key(index + 1)) as Month
      return (
        month.end === next.start &&
        month.start < month.end &&
        localMonth(zone, month.start) === month.key &&
        localMonth(zone, month.start - 1) !== month.key
      )
    }),
    { numRuns: 300 },
  )
  t.pass()
})
