import t from 'tap'
import { InvalidRecord } from '../../domain/invalid-record.js'
import { parseWalletEvent } from '../../domain/money-input.js'
import { moneyEventId, moneyRecorded } from '../../domain/money.js'

const payment = {
  type: 'PaymentEvent',
  id: 'm-1',
  userId: 'user-1',
  userSessionId: 'session-1',
  processedAt: '2020-01-01T13:00+01:00[Europe/Warsaw]',
  amount: '12.50',
  currency: 'EUR',
  openingBalance: 100,
  closingBalance: '87.50',
  moneyType: 'REAL',
  isOldMoneyEvent: false,
  paymentRelatedThing: 'card',
}

const faultsOf = (value: unknown): string[] => {
  try {
    parseWalletEvent(value)
    return []
  } catch (error) {
    if (error instanceof InvalidRecord) return error.faults.map(({ path, code }) => `${path} ${code}`)
    throw error
  }
}

void t.test('a payment becomes a fact', async (t) => {
  const event = moneyRecorded(parseWalletEvent({ ...payment, other: 'field' })!, { source: 'x' })
  t.same(event, {
    id: event.id,
    stream: 'money-user-1',
    type: 'PaymentRecorded',
    data: {
      id: 'm-1',
      userId: 'user-1',
      userSessionId: 'session-1',
      processedAt: '2020-01-01T12:00:00Z',
      amount: '12.50',
      currency: 'EUR',
      openingBalance: '100',
      closingBalance: '87.50',
      moneyType: 'REAL',
      isOldMoneyEvent: false,
      paymentRelatedThing: 'card',
    },
    metadata: { source: 'x' },
  })
  t.equal(event.id, moneyEventId('user-1', 'm-1'))
})

void t.test('what is kept as it is is refused where it grows beyond a record', async (t) => {
  const things = (count: number) => JSON.parse(`[${Array(count).fill('1e20').join()}]`) as unknown
  t.same(faultsOf({ ...payment, paymentRelatedThing: things(30_000) }), [])
  t.same(faultsOf({ ...payment, paymentRelatedThing: things(40_000) }), [' record-too-large'])
})

void t.test('so does a transaction; no session is no session, however that is said', async (t) => {
  const { userSessionId, paymentRelatedThing, ...rest } = payment
  for (const absent of [{}, { userSessionId: null }, { userSessionId: undefined }]) {
    const event = parseWalletEvent({
      ...rest,
      ...absent,
      type: 'TransactionEvent',
      transactionRelatedThing: { a: [1] },
    })
    t.equal(event?.type, 'TransactionRecorded')
    t.notOk('userSessionId' in event!.data)
    t.match(event, { data: { transactionRelatedThing: { a: [1] } } })
  }
})

void t.test('other types carry nothing, whatever else they say', async (t) => {
  t.equal(parseWalletEvent({ type: 'WalletOpened' }), undefined)
  t.equal(parseWalletEvent({ ...payment, type: 'paymentevent' }), undefined)
  t.equal(parseWalletEvent({ ...payment, type: '' }), undefined)
})

void t.test('money is known by user and id together', async (t) => {
  t.not(moneyEventId('u', '1'), moneyEventId('v', '1'))
  t.not(moneyEventId('u', 'v/1'), moneyEventId('u/v', '1').slice(1))
  t.equal(moneyEventId('u', 'ü🙂'), moneyEventId('u', 'ü🙂'))
})

void t.test('names the path and code of each fault, once', async (t) => {
  t.same(faultsOf(null), [' invalid-field'])
  t.same(faultsOf({ ...payment, type: undefined }), ['/type missing-field'])
  t.same(faultsOf({ ...payment, type: 1 }), ['/type invalid-type'])
  const wrong: [object, string][] = [
    [{ id: '' }, '/id invalid-id'],
    [{ id: 'a\u0000' }, '/id control-character'],
    [{ userId: 'a b' }, '/userId invalid-id'],
    [{ userId: 'a/b' }, '/userId invalid-id'],
    [{ userId: '..' }, '/userId invalid-id'],
    [{ userSessionId: '.' }, '/userSessionId invalid-id'],
    [{ userSessionId: 5 }, '/userSessionId invalid-id'],
    [{ processedAt: '2020-01-01' }, '/processedAt invalid-timestamp'],
    [{ amount: '1e2' }, '/amount invalid-amount'],
    [{ amount: 0.1 + 0.2 }, '/amount invalid-amount'],
    [{ amount: null }, '/amount invalid-amount'],
    [{ openingBalance: true }, '/openingBalance invalid-amount'],
    [{ closingBalance: undefined }, '/closingBalance missing-field'],
    [{ currency: '' }, '/currency invalid-text'],
    [{ moneyType: 'x'.repeat(201) }, '/moneyType invalid-text'],
    [{ isOldMoneyEvent: 'false' }, '/isOldMoneyEvent invalid-flag'],
  ]
  for (const [change, fault] of wrong)
    t.same(faultsOf({ ...payment, ...change }), [fault], JSON.stringify(change))
  t.same(faultsOf({ type: 'PaymentEvent', amount: 1 / 3, userId: '' }).sort(), [
    '/amount invalid-amount',
    '/closingBalance missing-field',
    '/currency missing-field',
    '/id missing-field',
    '/isOldMoneyEvent missing-field',
    '/moneyType missing-field',
    '/openingBalance missing-field',
    '/processedAt missing-field',
    '/userId invalid-id',
  ])
})
