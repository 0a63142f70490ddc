import fc from 'fast-check'
import t from 'tap'
import { atLeast, minus, plus, type ByteTotal } from '../../domain/bytes.js'

const MAX = Number.MAX_SAFE_INTEGER
const bytes = fc.oneof(
  fc.integer({ min: 0, max: MAX }),
  fc.nat(1000),
  fc.integer({ min: MAX - 1000, max: MAX }),
)
const total = fc
  .oneof(
    fc.bigInt({ min: 0n, max: 10n ** 25n }),
    fc.bigInt({ min: BigInt(MAX) - 1000n, max: BigInt(MAX) + 1000n }),
  )
  .map(canonical)

/** The one form that a total has. */
function canonical(sum: bigint): ByteTotal {
  return sum <= BigInt(MAX) ? Number(sum) : String(sum)
}

void t.test('a total stays a number up to 2^53 - 1 and becomes its digits beyond', async (t) => {
  t.equal(plus(MAX - 1, 1), MAX)
  t.equal(plus(MAX, 1), '9007199254740992')
  t.equal(plus(MAX, 2), '9007199254740993')
  t.equal(plus('9007199254740993', MAX), '18014398509481984')
  t.equal(minus('9007199254740992', 1), MAX)
  t.equal(minus(5, 5), 0)
})

void t.test('nothing can be taken out that is not there', async (t) => {
  t.throws(() => minus(5, 6), RangeError)
  t.throws(() => minus(5, '9007199254740993'), RangeError)
})

void t.test('law: plus, minus and atLeast agree with BigInt', async (t) => {
  fc.assert(
    fc.property(total, fc.oneof(bytes, total), (total, bytes) => {
      const [a, b] = [BigInt(total), BigInt(bytes)]
      return (
        plus(total, bytes) === canonical(a + b) &&
        atLeast(total, bytes) === a >= b &&
        (a < b || minus(total, bytes) === canonical(a - b))
      )
    }),
    { numRuns: 2000 },
  )
  t.pass()
})

void t.test('law: a sum does not depend on the order, and taking back gives what was', async (t) => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 50 }), total, (list, start) => {
      const sum = (list: number[]) => list.reduce<ByteTotal>((total, n) => plus(total, n), start)
      const there = sum(list)
      const back = list.reduce<ByteTotal>((total, n) => minus(total, n), there)
      return there === sum([...list].reverse()) && back === start
    }),
  )
  t.pass()
})
