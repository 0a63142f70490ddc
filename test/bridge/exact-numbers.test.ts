import fc from 'fast-check'
import t from 'tap'
import { withExactNumbers } from '../../bridge/formats/exact-numbers.js'

const exact = (json: string, ...decimals: string[]) =>
  withExactNumbers(JSON.parse(json), () => json, { decimals })
const exactIntegers = (json: string, ...integers: string[]) =>
  withExactNumbers(JSON.parse(json), () => json, { integers })

void t.test('numbers of the fields become text with the digits that were written', async (t) => {
  t.same(exact('{"a":12.50,"b":1.5,"c":"1.50"}', 'a', 'c'), { a: '12.5', b: 1.5, c: '1.50' })
  t.same(exact('{ "a" : 9999999999999.9999 }', 'a'), { a: '9999999999999.9999' })
  t.same(exact('{"a":-1E-2}', 'a'), { a: '-0.01' })
})

void t.test('only those of the record itself, and of two of one name the last', async (t) => {
  t.same(exact('{"x":{"a":7},"y":[{"a":8}],"z":"\\"a\\":9","a":1.10}', 'a'), {
    x: { a: 7 },
    y: [{ a: 8 }],
    z: '"a":9',
    a: '1.1',
  })
  t.same(exact('{"a":1,"a":2.00}', 'a'), { a: '2' })
  t.same(exact('{"\\u0061":3.0}', 'a'), { a: '3' })
  t.same(exact('{"b":"a","a":4.0}', 'a'), { b: 'a', a: '4' })
  t.same(exact('{"a":5.10,"b":{"a":6}}', 'a'), { a: '5.1', b: { a: 6 } })
  t.same(exact('{"b":{"c":"a","a":6},"a":5.10}', 'a'), { b: { c: 'a', a: 6 }, a: '5.1' })
})

void t.test('an integer is one by its literal, not by the double that is next to it', async (t) => {
  for (const literal of ['5', '5.0', '5e0', '0', '-0', '1e3', '50e-1', '9007199254740991']) {
    t.same(exactIntegers(`{"a":${literal}}`, 'a'), { a: Number(literal) }, literal)
  }
  const others = [
    '9007199254740991.4',
    '4503599627370497.2',
    '0.99999999999999999',
    '99999999999999999e-17',
    '1e-400',
    '-1e-2000',
  ]
  for (const literal of others) t.same(exactIntegers(`{"a":${literal}}`, 'a'), { a: literal }, literal)
  t.same(exactIntegers('{"a":5.00000000000000000001,"a":6}', 'a'), { a: 6 })
  t.same(exactIntegers('{"\\u0061":5.00000000000000000001}', 'a'), { a: '5.00000000000000000001' })
  t.same(exactIntegers('{"b":{"a":5},"a":5.00000000000000000001}', 'a'), {
    b: { a: 5 },
    a: '5.00000000000000000001',
  })
})

void t.test('a text of any length may stand beside a number', async (t) => {
  for (const long of ['x'.repeat(16 * 1024 * 1024), '"\\'.repeat(4 * 1024 * 1024)]) {
    const found = exact(JSON.stringify({ b: `\n${long}`, a: 1.5 }), 'a') as { a: string }
    t.equal(found.a, '1.5')
  }
})

void t.test('what is no amount at all is text that no schema takes', async (t) => {
  for (const json of ['{"a":1e4000}', '{"a":1e-4000}', `{"a":${'9'.repeat(1001)}}`]) {
    const { a } = exact(json, 'a') as { a: unknown }
    t.match(a, /too many digits/, json)
  }
})

void t.test('the text is only looked at where it is needed', async (t) => {
  const never = () => {
    throw new Error('nobody should ask')
  }
  for (const value of [{ a: '1' }, { b: 1 }, [1], null, 5, 'a']) {
    t.equal(withExactNumbers(value, never, { decimals: ['a'], integers: ['a'] }), value)
  }
})

void t.test('whatever else stands in a record, the digits are found', async () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.integer({ min: 0, max: 999 }),
      (other, cents) => {
        const { a: _, ...record } = other
        const others = JSON.stringify(record, null, cents % 3).slice(1)
        const json = `{"a":${cents}.50${others === '}' ? '' : ','}${others}`
        const found = exact(json, 'a') as { a: string }
        return found.a === `${cents}.5`
      },
    ),
  )
})
