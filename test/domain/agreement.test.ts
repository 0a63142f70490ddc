import t from 'tap'
import { AgreementInput, parseAgreement } from '../../domain/agreement-input.js'
import { agreementOf, agreementSigned } from '../../domain/agreement.js'
import type { Fault } from '../../domain/fault.js'
import { InvalidRecord } from '../../domain/invalid-record.js'
import { isUuid } from '../../domain/uuid.js'

const input = {
  id: '0b12c601-9287-3f5c-a78c-df508fe0f889',
  msisdn: '48917846822',
  signedAt: '2019-12-20T00:00+01:00[Europe/Warsaw]',
  serviceStartAt: '2020-01-01T00:00+01:00[Europe/Warsaw]',
  billingPeriodTimeZone: 'Europe/Warsaw',
  maxBytesInBillingPeriod: 5368709120,
}

function faultsOf(value: unknown): readonly Fault[] {
  try {
    parseAgreement(value)
  } catch (error) {
    if (error instanceof InvalidRecord) return error.faults
    throw error
  }
  return []
}
const faultOf = (value: unknown) => faultsOf(value).map(({ path, code }) => `${path} ${code}`)

void t.test('parses an agreement and ignores other fields', async (t) => {
  t.same(parseAgreement({ ...input, comment: 'none', signedBy: null }), {
    id: input.id,
    msisdn: input.msisdn,
    signedAt: Date.UTC(2019, 11, 19, 23),
    serviceStartAt: Date.UTC(2019, 11, 31, 23),
    billingPeriodTimeZone: 'Europe/Warsaw',
    maxBytesInBillingPeriod: 5368709120,
  })
})

void t.test('names the path and code of a fault', async (t) => {
  const wrong: [Partial<Record<keyof typeof input, unknown>>, string][] = [
    [{ id: '' }, '/id invalid-id'],
    [{ id: 7 }, '/id invalid-id'],
    [{ id: 'a/b' }, '/id invalid-id'],
    [{ id: 'a b' }, '/id invalid-id'],
    [{ id: 'a\u2003b' }, '/id invalid-id'],
    [{ id: 'a\ud800' }, '/id invalid-id'],
    [{ id: 'x'.repeat(201) }, '/id invalid-id'],
    [{ id: 'a\nb' }, '/id control-character'],
    [{ msisdn: 48917846822 }, '/msisdn invalid-msisdn'],
    [{ msisdn: '' }, '/msisdn invalid-msisdn'],
    [{ msisdn: '+48917846822' }, '/msisdn invalid-msisdn'],
    [{ msisdn: '４８' }, '/msisdn invalid-msisdn'],
    [{ msisdn: '1'.repeat(21) }, '/msisdn invalid-msisdn'],
    [{ signedAt: '2019-12-20' }, '/signedAt invalid-timestamp'],
    [{ signedAt: 1577833200000 }, '/signedAt invalid-timestamp'],
    [{ serviceStartAt: '2020-01-01T00:00+01:00[Europe/Krakow]' }, '/serviceStartAt invalid-time-zone'],
    [{ billingPeriodTimeZone: 'Europe/Krakow' }, '/billingPeriodTimeZone invalid-time-zone'],
    [{ billingPeriodTimeZone: '+01:00' }, '/billingPeriodTimeZone invalid-time-zone'],
    [{ billingPeriodTimeZone: null }, '/billingPeriodTimeZone invalid-time-zone'],
    [{ maxBytesInBillingPeriod: -1 }, '/maxBytesInBillingPeriod invalid-bytes'],
    [{ maxBytesInBillingPeriod: 0.5 }, '/maxBytesInBillingPeriod invalid-bytes'],
    [{ maxBytesInBillingPeriod: 2 ** 53 }, '/maxBytesInBillingPeriod invalid-bytes'],
    [{ maxBytesInBillingPeriod: '5' }, '/maxBytesInBillingPeriod invalid-bytes'],
  ]
  for (const [change, expected] of wrong) {
    t.same(faultOf({ ...input, ...change }), [expected], JSON.stringify(change))
  }
})

void t.test('finds all faults at once, whatever their nature', async (t) => {
  const value = {
    ...input,
    msisdn: undefined,
    id: '/',
    signedAt: 'yesterday',
    billingPeriodTimeZone: 'Mars',
    maxBytesInBillingPeriod: -1,
  }
  t.same(faultOf(value).sort(), [
    '/billingPeriodTimeZone invalid-time-zone',
    '/id invalid-id',
    '/maxBytesInBillingPeriod invalid-bytes',
    '/msisdn missing-field',
    '/signedAt invalid-timestamp',
  ])
})

void t.test('refuses what is not an object', async (t) => {
  for (const value of [null, undefined, 5, 'text', [], [input]]) t.same(faultOf(value), [' invalid-field'])
})

void t.test('takes ids of other kinds, and the ends of the range of bytes', async (t) => {
  for (const id of ['A-1', 'ü🙂', 'x'.repeat(200)]) t.equal(parseAgreement({ ...input, id }).id, id)
  t.equal(
    parseAgreement({ ...input, maxBytesInBillingPeriod: 2 ** 53 - 1 }).maxBytesInBillingPeriod,
    2 ** 53 - 1,
  )
  t.ok(Object.is(parseAgreement({ ...input, maxBytesInBillingPeriod: -0 }).maxBytesInBillingPeriod, 0))
})

void t.test('the event has times in UTC and an id that depends on the agreement alone', async (t) => {
  const agreement = parseAgreement(input)
  const event = agreementSigned(agreement, { source: 'file:abc#1' })
  t.same(event, {
    id: 'e7f5e1d9-049b-5572-9f2c-1b12e328adfe',
    stream: `agreement-${input.id}`,
    type: 'AgreementSigned',
    data: {
      agreementId: input.id,
      msisdn: input.msisdn,
      signedAt: '2019-12-19T23:00:00Z',
      serviceStartAt: '2019-12-31T23:00:00Z',
      billingPeriodTimeZone: 'Europe/Warsaw',
      maxBytesInBillingPeriod: 5368709120,
    },
    metadata: { source: 'file:abc#1' },
  })
  t.ok(isUuid(event.id))
  t.equal(agreementSigned({ ...agreement, msisdn: '1' }, {}).id, event.id)
  t.same(agreementOf(event.data), agreement)
})

void t.test('the schema says what every field means', async (t) => {
  for (const [name, field] of Object.entries(AgreementInput.properties)) {
    t.match(field, { description: String, examples: Array }, name)
  }
})
