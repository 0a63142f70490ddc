import t from 'tap'
import { parseBillableEvent } from '../../domain/billable-event-input.js'
import { billableEventRecorded, billableTypeOf, billableTypes } from '../../domain/billable-event.js'
import { InvalidRecord } from '../../domain/invalid-record.js'
import { isUuid } from '../../domain/uuid.js'

const good = { timestampMs: 1580515200000, customer: 'Emma', amountEUR: '12.34', type: 'data' }

/** `path code` of each fault. */
function faults(change: object): string[] {
  try {
    parseBillableEvent({ ...good, ...change })
    return []
  } catch (error) {
    if (!(error instanceof InvalidRecord)) throw error
    return error.faults.map(({ path, code }) => `${path} ${code}`)
  }
}

void t.test('reads a billable event', async (t) => {
  t.same(parseBillableEvent({ ...good, other: 'field' }), {
    timestampMs: 1580515200000,
    customer: 'Emma',
    type: 'DATA',
    amountCents: 1234,
  })
  t.match(parseBillableEvent({ ...good, amountEUR: -0.125 }), { amountCents: -13, amountEUR: '-0.125' })
})

void t.test('the type in any case, in ASCII', async (t) => {
  for (const type of billableTypes) {
    for (const text of [type, type.toLowerCase(), type[0]! + type.slice(1).toLowerCase()]) {
      t.equal(billableTypeOf(text), type)
    }
  }
  t.equal(billableTypeOf('mEsSaGe'), 'MESSAGE')
  // In upper case the first becomes MISC, in lower case the second becomes pack.
  for (const type of ['mısc', 'PAC\u212a', '', 'DATA ', 'SMS', 'DAT', 'constructor', 5, null]) {
    t.same(faults({ type }), ['/type invalid-billable-type'], String(type))
  }
})

void t.test('any name of a customer that can be kept and asked for', async (t) => {
  const names = [
    'E',
    'Emma Smith',
    'a/b',
    'ä%?#+&;=é',
    'a,b',
    '-',
    'x-2020-01',
    '...',
    '.a',
    '__proto__',
    '🙂',
  ]
  for (const customer of [...names, 'x'.repeat(200), '🙂'.repeat(200), '$all']) {
    t.equal(parseBillableEvent({ ...good, customer }).customer, customer)
  }
  for (const customer of [
    '',
    ' ',
    ' a',
    'a ',
    '\u00a0a',
    '.',
    '..',
    'x'.repeat(201),
    'a\ud800',
    'a\u2028b',
    5,
    null,
  ]) {
    t.same(
      faults({ customer }),
      ['/customer invalid-customer'],
      `U+${String(customer).codePointAt(0)?.toString(16)}…`,
    )
  }
  t.same(faults({ customer: 'a\tb' }), ['/customer control-character'])
})

void t.test('the instant in milliseconds, in the years 1 to 9999', async (t) => {
  for (const timestampMs of [0, -1, -62_135_510_400_000, 253_402_214_399_999]) {
    t.equal(parseBillableEvent({ ...good, timestampMs }).timestampMs, timestampMs)
  }
  t.ok(Object.is(parseBillableEvent({ ...good, timestampMs: -0 }).timestampMs, 0))
  for (const timestampMs of [1.5, 1e300, -62_135_510_400_001, 253_402_214_400_000, '1', '2020-01-01', null]) {
    t.same(faults({ timestampMs }), ['/timestampMs invalid-instant'], String(timestampMs))
  }
})

void t.test('the amount as text or as a number', async (t) => {
  for (const amountEUR of ['1,5', '', 0.1 + 0.2, 1e21, true, null, ['1'], {}]) {
    t.same(faults({ amountEUR }), ['/amountEUR invalid-amount'], JSON.stringify(amountEUR))
  }
})

void t.test('every fault is told', async (t) => {
  const all = { timestampMs: 'x', customer: '', amountEUR: '1e3', type: 'SMS' }
  t.same(faults(all).sort(), [
    '/amountEUR invalid-amount',
    '/customer invalid-customer',
    '/timestampMs invalid-instant',
    '/type invalid-billable-type',
  ])
  const { customer, ...missing } = good
  t.ok(customer)
  t.throws(() => parseBillableEvent(missing), { code: 'missing-field', path: '/customer' })
  for (const value of [null, 5, 'text', [good]]) {
    t.throws(() => parseBillableEvent(value), { code: 'invalid-field' })
  }
})

void t.test('is known by its coordinate and by nothing else', async (t) => {
  const billed = parseBillableEvent(good)
  const at = (source: string) => billableEventRecorded(billed, { source })
  t.match(at('file:1#1'), {
    stream: 'customer-Emma',
    type: 'BillableEventRecorded',
    data: billed,
    metadata: { source: 'file:1#1' },
  })
  t.ok(isUuid(at('file:1#1').id))
  t.equal(at('file:1#1').id, at('file:1#1').id)
  t.not(at('file:1#1').id, at('file:1#2').id, 'two that say the same are two')
  const other = parseBillableEvent({ ...good, amountEUR: 1 })
  t.equal(billableEventRecorded(other, { source: 'file:1#1' }).id, at('file:1#1').id)
  // Of a name in RFC 9562, worked out with Python's uuid.uuid5.
  t.equal(at('file:1#1').id, '7f5d6931-823a-52a1-b976-6bc965328185')
})
