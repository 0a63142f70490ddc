import fc from 'fast-check'
import t from 'tap'
import { fingerprintOf } from '../../projections/running/fingerprint.js'

const json = fc.jsonValue({ maxDepth: 3 })

void t.test('two values have one fingerprint just where they have one text', async (t) => {
  const isOne = fc.property(json, json, (a, b) => {
    return (JSON.stringify(a) === JSON.stringify(b)) === (fingerprintOf(a) === fingerprintOf(b))
  })
  t.doesNotThrow(() => fc.assert(isOne, { numRuns: 2_000 }))
})

void t.test('a value that was written down and read again has the same', async (t) => {
  const isKept = fc.property(json, (value) => {
    return fingerprintOf(JSON.parse(JSON.stringify(value))) === fingerprintOf(value)
  })
  t.doesNotThrow(() => fc.assert(isKept, { numRuns: 2_000 }))
})

void t.test('a field that JSON leaves out does not count', async (t) => {
  t.equal(fingerprintOf({ a: 1, b: undefined }), fingerprintOf({ a: 1 }))
})

const alike: readonly (readonly [unknown, unknown])[] = [
  [
    { a: 1, b: 2 },
    { b: 2, a: 1 },
  ],
  [
    [1, 2],
    [2, 1],
  ],
  [
    ['ab', 'c'],
    ['a', 'bc'],
  ],
  [[[1], 2], [[1, 2]]],
  [[], {}],
  [{ a: '1' }, { a: 1 }],
  [null, 'null'],
  [true, 'true'],
  [1.5, '1.5'],
  [[1, -2], [1]],
  [2 ** 32, 0],
  [2 ** 53 - 1, 2 ** 53 - 2],
  [-1, 2 ** 32 - 1],
  [0.1, 0.2],
]

void t.test('what is nearly the same is told apart', async (t) => {
  for (const [a, b] of alike) {
    t.not(fingerprintOf(a), fingerprintOf(b), `${JSON.stringify(a)} and ${JSON.stringify(b)}`)
  }
})
