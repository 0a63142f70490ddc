import fc from 'fast-check'
import t from 'tap'
import { asEuros, minusCents, plusCents, type Cents } from '../../domain/cents.js'

const MAX = Number.MAX_SAFE_INTEGER
const small = fc.oneof(fc.integer({ min: -MAX, max: MAX }), fc.integer({ min: -1000, max: 1000 }))
const sum = fc
  .oneof(
    fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }),
    fc.bigInt({ min: BigInt(MAX) - 1000n, max: BigInt(MAX) + 1000n }),
    fc.bigInt({ min: -BigInt(MAX) - 1000n, max: -BigInt(MAX) + 1000n }),
  )
  .map(canonical)

/** The one form that a sum has. */
function canonical(cents: bigint): Cents {
  return cents >= -BigInt(MAX) && cents <= BigInt(MAX) ? Number(cents) : String(cents)
}

void t.test(
  'a sum stays a number up to 2^53 - 1 and becomes its digits beyond, on either side',
  async (t) => {
    t.equal(plusCents(MAX - 1, 1), MAX)
    t.equal(plusCents(MAX, 1), '9007199254740992')
    t.equal(plusCents(MAX, 2), '9007199254740993')
    t.equal(plusCents(-MAX, -2), '-9007199254740993')
    t.equal(plusCents('9007199254740993', -2), MAX)
    t.equal(minusCents('-9007199254740993', -2), -MAX)
    t.ok(Object.is(plusCents(5, -5), 0))
  },
)

void t.test('as euros with two decimals', async (t) => {
  const shown: [Cents, string][] = [
    [0, '0.00'],
    [5, '0.05'],
    [-5, '-0.05'],
    [99, '0.99'],
    [100, '1.00'],
    [-1234, '-12.34'],
    [MAX, '90071992547409.91'],
    ['-9007199254740993', '-90071992547409.93'],
  ]
  for (const [cents, text] of shown) t.equal(asEuros(cents), text)
})

void t.test('law: plus, minus and the text agree with BigInt', async (t) => {
  fc.assert(
    fc.property(sum, fc.oneof(small, sum), (one, other) => {
      const [a, b] = [BigInt(one), BigInt(other)]
      return (
        plusCents(one, other) === canonical(a + b) &&
        minusCents(one, other) === canonical(a - b) &&
        BigInt(asEuros(one).replace('.', '')) === a
      )
    }),
    { numRuns: 2000 },
  )
  t.pass()
})

void t.test('sums of a million events conserve the cent, where floats would not', async (t) => {
  let [total, expected, floating] = [0 as Cents, 0n, 0]
  for (let n = 0; n < 1_000_000; n++) {
    const cents = ((n * 7_919) % 20_011) - 4_000
    total = plusCents(total, cents)
    expected += BigInt(cents)
    floating += cents / 100
  }
  t.equal(BigInt(total), expected)
  t.not(floating, Number(asEuros(total)), 'the same sum in binary fractions is another one')
})

void t.test('a million great amounts that go beyond 2^53 and come back conserve the cent', async (t) => {
  let [total, expected] = [0 as Cents, 0n]
  for (let n = 0; n < 1_000_000; n++) {
    const cents = (n % 4 < 2 ? 1 : -1) * (MAX - (n % 1_000))
    total = plusCents(total, cents)
    expected += BigInt(cents)
  }
  t.equal(BigInt(total), expected)
})
