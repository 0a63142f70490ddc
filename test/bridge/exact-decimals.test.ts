import fc from 'fast-check'
import t from 'tap'
import { withExactDecimals } from '../../bridge/formats/exact-decimals.js'

const exact = (json: string, ...fields: string[]) => withExactDecimals(JSON.parse(json), () => json, fields)

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
})

void t.test('what is no amount at all is text that no schema takes', async (t) => {
  for (const json of ['{"a":1e400}', '{"a":1e-400}', `{"a":${'9'.repeat(31)}}`]) {
    const { a } = exact(json, 'a') as { a: unknown }
    t.match(a, /too many digits/, json)
  }
})

void t.test('the text is only looked at where it is needed', async (t) => {
  const never = () => {
    throw new Error('nobody should ask')
  }
  for (const value of [{ a: '1' }, { b: 1 }, [1], null, 5, 'a']) {
    t.equal(withExactDecimals(value, never, ['a']), value)
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
