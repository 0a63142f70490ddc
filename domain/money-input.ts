import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/schema'
import { decimalOf } from './decimal.js'
import { faultCodes, type Fault } from './fault.js'
import { AnyOtherType, Decimal, Key, Label, Timestamp } from './fields.js'
import { InvalidValue } from './invalid-record.js'
import type { Money, MoneyEvent, PaymentRecorded, TransactionRecorded } from './money.js'
import { recordParser, type Untrusted } from './record-parser.js'
import { MAX_RECORD_BYTES } from './record-size.js'
import { recordTypeOf } from './record-type.js'
import { formatTimestamp, parseTimestamp } from './timestamp.js'

/** What both types of money have in common. Other fields are ignored. */
const common = {
  id: Type.String({
    description: 'The id of the record: unique for its user. Without control characters.',
    // `.` and `..` mean something else in an address.
    pattern: '^(?!\\.{1,2}$)[^\\p{Cc}\\p{Cs}]{1,200}$',
    examples: ['8d0f7f0e-5a1c-4b8e-9c59-0d0f3a1f4c11'],
  }),
  userId: Key('Whose money it is.', 'user-1'),
  userSessionId: Type.Optional(
    Type.Union([Key('The session in which it was moved, if in any.', 'session-1'), Type.Null()]),
  ),
  processedAt: Timestamp('When it was moved.'),
  amount: Decimal('How much.'),
  currency: Label('Of what.', 'EUR'),
  openingBalance: Decimal('What there was before.'),
  closingBalance: Decimal('What there was afterwards.'),
  moneyType: Label('What kind of money: the first occurrence of each is marked.', 'REAL'),
  isOldMoneyEvent: Type.Boolean({ description: 'Its session is too old to be among the session events.' }),
}
const PaymentEvent = Type.Object(
  {
    type: Type.Literal('PaymentEvent'),
    ...common,
    paymentRelatedThing: Type.Optional(Type.Unknown({ description: 'Kept as it is.' })),
  },
  { description: 'A payment.' },
)
const TransactionEvent = Type.Object(
  {
    type: Type.Literal('TransactionEvent'),
    ...common,
    transactionRelatedThing: Type.Optional(Type.Unknown({ description: 'Kept as it is.' })),
  },
  { description: 'A transaction.' },
)

/** A record of the wallet as it comes in, as JSON. Only payments and transactions are money. */
export const WalletEventInput = Type.Union([PaymentEvent, TransactionEvent, AnyOtherType], {
  description: 'Something that happened to a wallet.',
})

/** The fields of {@link WalletEventInput} that hold exact decimals. */
export const walletDecimals = ['amount', 'openingBalance', 'closingBalance'] as const

/**
 * Checks a record of the wallet that came in as JSON.
 *
 * @returns the fact that it tells; undefined if it is of a type that carries nothing for us
 * @throws {InvalidRecord} with a path for each fault
 */
export function parseWalletEvent(value: unknown): MoneyEvent | undefined {
  const type = recordTypeOf(value)
  if (type === 'PaymentEvent') return parsePayment(value)
  return type === 'TransactionEvent' ? parseTransaction(value) : undefined
}

type MoneyInput = Omit<Static<typeof PaymentEvent>, 'type' | 'paymentRelatedThing'>

const paymentEvents = Compile(PaymentEvent)
const transactionEvents = Compile(TransactionEvent)
const fields = {
  type: { code: 'invalid-type' },
  id: { code: 'invalid-id' },
  userId: { code: 'invalid-id' },
  userSessionId: { code: 'invalid-id' },
  processedAt: { code: 'invalid-timestamp', read: parseTimestamp },
  amount: { code: 'invalid-amount' },
  currency: { code: 'invalid-text' },
  openingBalance: { code: 'invalid-amount' },
  closingBalance: { code: 'invalid-amount' },
  moneyType: { code: 'invalid-text' },
  isOldMoneyEvent: { code: 'invalid-flag' },
} as const

const parsePayment = recordParser<Static<typeof PaymentEvent>, PaymentRecorded>({
  validator: paymentEvents,
  fields: { ...fields, paymentRelatedThing: { code: 'invalid-field' } },
  together: amountFault,
  build: (input) => {
    const { paymentRelatedThing: thing } = input
    const related = thing === undefined ? {} : { paymentRelatedThing: keepable(thing) }
    return { type: 'PaymentRecorded', data: { ...moneyOf(input), ...related } }
  },
})

const parseTransaction = recordParser<Static<typeof TransactionEvent>, TransactionRecorded>({
  validator: transactionEvents,
  fields: { ...fields, transactionRelatedThing: { code: 'invalid-field' } },
  together: amountFault,
  build: (input) => {
    const { transactionRelatedThing: thing } = input
    const related = thing === undefined ? {} : { transactionRelatedThing: keepable(thing) }
    return { type: 'TransactionRecorded', data: { ...moneyOf(input), ...related } }
  },
})

/** What is kept as it is. Written anew it may be longer than it was: `1e20` becomes 21 digits. */
function keepable(thing: unknown): unknown {
  if (Buffer.byteLength(JSON.stringify(thing)) <= MAX_RECORD_BYTES) return thing
  throw new InvalidValue('record-too-large', `the record is refused: ${faultCodes['record-too-large']}`)
}

function moneyOf(input: MoneyInput): Money {
  const { id, userId, userSessionId, currency, moneyType, isOldMoneyEvent } = input
  const session = typeof userSessionId === 'string' ? { userSessionId } : {}
  return {
    id,
    userId,
    ...session,
    processedAt: formatTimestamp(parseTimestamp(input.processedAt)),
    amount: decimalOf(input.amount),
    currency,
    openingBalance: decimalOf(input.openingBalance),
    closingBalance: decimalOf(input.closingBalance),
    moneyType,
    isOldMoneyEvent,
  }
}

/** A number that is an amount by its type, and not by its digits. */
function amountFault(input: Untrusted<MoneyInput>): Fault | undefined {
  for (const field of walletDecimals) {
    const amount = input[field]
    if (typeof amount !== 'number') continue
    try {
      decimalOf(amount)
    } catch (error) {
      if (!(error instanceof InvalidValue)) throw error
      return { path: `/${field}`, code: error.code, detail: `${field} ${error.message}` }
    }
  }
  return undefined
}
