import fc from 'fast-check'
import t from 'tap'
import { parseEuroAmount } from '../../domain/euro-amount.js'
import { InvalidValue } from '../../domain/invalid-record.js'

const cents = (amount: string | number) => parseEuroAmount(amount).cents

void t.test('rounds away from zero to the cent, on either side of it', async (t) => {
  const amounts: [string, number][] = [
    ['0', 0],
    ['0.00', 0],
    ['12', 1200],
    ['12.3', 1230],
    ['12.34', 1234],
    ['12.340', 1234],
    ['12.3400000000000000000000000000', 1234],
    ['12.341', 1235],
    ['12.3400000000000000000000000001', 1235],
    ['0.001', 1],
    ['0.009', 1],
    ['0.991', 100],
    ['-0.001', -1],
    ['-12.34', -1234],
    ['-12.341', -1235],
    ['-0.999', -100],
    ['007.50', 750],
    ['90071992547409.91', Number.MAX_SAFE_INTEGER],
    ['-90071992547409.901', -Number.MAX_SAFE_INTEGER],
  ]
  for (const [text, expected] of amounts) t.equal(cents(text), expected, text)
  for (const zero of ['-0', '-0.00', '-0.0000', -0]) t.ok(Object.is(cents(zero), 0), 'a zero has no sign')
})

void t.test('keeps what was written where it was finer than a cent, and only there', async (t) => {
  t.equal(parseEuroAmount('-0.125').unrounded, '-0.125')
  t.equal(parseEuroAmount('0.120').unrounded, undefined)
  t.equal(parseEuroAmount(0.125).unrounded, '0.125')
})

void t.test('a number is the decimal that was written, not the binary fraction beside it', async (t) => {
  const amounts: [number, number][] = [
    [1.1, 110],
    [0.07, 7],
    [4.35, 435],
    [1.005, 101],
    [-1.005, -101],
    [1.15, 115],
    [0.29, 29],
    [100.01, 10_001],
    [1e-7, 1],
    [-2.5e-9, -1],
    [5e-324, 1],
    [9007199254740, 900719925474000],
  ]
  for (const [number, expected] of amounts) t.equal(cents(number), expected, String(number))
  t.equal(parseEuroAmount(1.5e-7).unrounded, '0.00000015')
})

void t.test('a number that may have been another one when it was written is refused', async (t) => {
  for (const number of [0.1 + 0.2, 1.0000000000000002, 12345678901234.567, 1e15, 1e21, -1e300, Infinity]) {
    t.throws(() => cents(number), { code: 'invalid-amount' }, String(number))
  }
})

void t.test('text is plain decimal digits', async (t) => {
  const refused = ['', '-', '+1', '.5', '5.', '1,5', '1.2.3', '1e3', '0x10', ' 1', '1 ', '1_000', '--1', '٣']
  for (const text of [...refused, 'NaN', 'Infinity', '-.5', '1-', '90071992547409.92', '9'.repeat(400)]) {
    t.throws(() => cents(text), { code: 'invalid-amount' }, text)
  }
  t.equal(cents(`0.1${'0'.repeat(50)}1`), 11)
  t.equal(cents(`-0.${'1'.repeat(197)}`), -12)
  t.throws(() => cents(`0.${'1'.repeat(199)}`), { code: 'invalid-amount' }, 'longer than anybody means')
  t.throws(() => cents('90071992547409.911'), { code: 'invalid-amount' }, 'beyond the limit once rounded')
})

void t.test('law: agrees with BigInt on any decimal', async (t) => {
  const digits = (least: number, most: number) =>
    fc
      .array(fc.constantFrom(...'0123456789'), { minLength: least, maxLength: most })
      .map((all) => all.join(''))
  fc.assert(
    fc.property(fc.boolean(), digits(1, 13), digits(0, 20), (negative, whole, decimals) => {
      const text = `${negative ? '-' : ''}${whole}${decimals === '' ? '' : `.${decimals}`}`
      const scaled = BigInt(whole + decimals.padEnd(20, '0'))
      const unit = 10n ** 18n
      const up = (scaled + unit - 1n) / unit
      return BigInt(cents(text)) === (negative ? -up : up)
    }),
    { numRuns: 2000 },
  )
  t.pass()
})

void t.test('law: a number with up to 15 digits is the text that says the same', async (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: -(10 ** 14), max: 10 ** 14 }),
      fc.integer({ min: 0, max: 12 }),
      (n, scale) => {
        const digits = String(Math.abs(n)).padStart(scale + 1, '0')
        const at = digits.length - scale
        const text = `${n < 0 ? '-' : ''}${digits.slice(0, at)}${scale > 0 ? `.${digits.slice(at)}` : ''}`
        try {
          return cents(Number(text)) === cents(text)
        } catch (error) {
          // 15 digits before the point are beyond the limit, either way.
          return error instanceof InvalidValue && scale < 2
        }
      },
    ),
    { numRuns: 2000 },
  )
  t.pass()
})
