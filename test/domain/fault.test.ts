import t from 'tap'
import { shown } from '../../domain/fault.js'

void t.test('a value is shown as JSON, and not at any length', async (t) => {
  t.equal(shown('a"b'), '"a\\"b"')
  t.equal(shown({ a: [1] }), '{"a":[1]}')
  t.equal(shown(undefined), 'undefined')
  t.equal(shown('x'.repeat(61)), `"${'x'.repeat(60)}…"`)
})

void t.test('what has no JSON is shown all the same', async (t) => {
  const deep: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000))
  t.equal(shown(deep), '[…]')
  const endless: { self?: unknown } = {}
  endless.self = endless
  t.equal(shown(endless), '{…}')
  t.equal(shown(5n), '5')
})
