import fc from 'fast-check'
import t from 'tap'
import { Compile } from 'typebox/schema'
import { decimalOf, plainDecimal } from '../../domain/decimal.js'
import { Decimal } from '../../domain/fields.js'
import { InvalidValue } from '../../domain/invalid-record.js'

const validator = Compile(Decimal('How much.'))

void t.test('text is taken as it is written, if it is a decimal', async (t) => {
  for (const text of ['0', '-0', '12.50', '-0.001', '9'.repeat(30), `0.${'1'.repeat(18)}`, '100']) {
    t.ok(validator.Check(text), text)
    t.equal(decimalOf(text), text)
  }
  const others = [
    '',
    '+1',
    '01',
    '-01',
    '.5',
    '5.',
    '1e2',
    '1,5',
    ' 1',
    '1 ',
    'NaN',
    '１',
    '9'.repeat(31),
    `0.${'1'.repeat(19)}`,
  ]
  for (const text of others) t.notOk(validator.Check(text), JSON.stringify(text))
})

void t.test('a number becomes its shortest decimal, if it is exact', async (t) => {
  for (const [number, decimal] of [
    [12.5, '12.5'],
    [0.1, '0.1'],
    [-0, '0'],
    [1e3, '1000'],
    [1e-7, '0.0000001'],
    [-1.25e-9, '-0.00000000125'],
    [123456789012345, '123456789012345'],
    [0.000123456789012345, '0.000123456789012345'],
  ] as const) {
    t.equal(decimalOf(number), decimal)
  }
  for (const number of [0.1 + 0.2, 1234567890123456, 1e15, 1e300, 1e-19, 1.5e-18, NaN, Infinity]) {
    t.throws(() => decimalOf(number), InvalidValue, String(number))
  }
})

void t.test('a literal keeps every digit, but not the zeros that say nothing', async (t) => {
  for (const [literal, decimal] of [
    ['12.50', '12.5'],
    ['1.250e1', '12.5'],
    ['12345678901234567890.123456789', '12345678901234567890.123456789'],
    ['0.000', '0'],
    ['-0.0', '0'],
    ['5E-3', '0.005'],
    ['5e+3', '5000'],
    ['0.5e1', '5'],
    ['0e999999999', '0'],
    ['1e31', `1${'0'.repeat(31)}`],
    ['0.1e-18', `0.${'0'.repeat(18)}1`],
  ] as const) {
    t.equal(plainDecimal(literal), decimal, literal)
  }
  for (const literal of ['1e1001', '1e-1001', '1e999999999', '1e-999999999', '1'.repeat(1001), 'x', '']) {
    t.equal(plainDecimal(literal), undefined, literal)
  }
})

void t.test('a literal and its decimal are the same number, to the last digit', async () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
      fc.integer({ min: -15, max: 15 }),
      (digits, exponent) => {
        const decimal = plainDecimal(`${digits}e${exponent}`)
        if (decimal === undefined) return false
        // Both times ten to the fifteenth, as integers.
        const [whole = '', fraction = ''] = decimal.replace('-', '').split('.')
        const found = BigInt(whole + fraction.padEnd(15, '0')) * (decimal.startsWith('-') ? -1n : 1n)
        return found === digits * 10n ** BigInt(15 + exponent)
      },
    ),
  )
})
