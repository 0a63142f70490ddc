import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { elementTexts } from '../../api/json-elements.js'

void t.test('the elements of an array are found as they were written', async (t) => {
  const spaces = fc
    .array(fc.constantFrom(' ', '\n', '\t', '\r'), { maxLength: 2 })
    .map((parts) => parts.join(''))
  const element = fc.tuple(fc.jsonValue(), fc.constantFrom(0, 2), spaces, spaces)
  const elements = fc.array(element, { minLength: 1, maxLength: 5 })
  const law = fc.property(elements, spaces, (elements, around) => {
    const texts = elements.map(([value, indent]) => JSON.stringify(value, null, indent))
    const parts = texts.map((text, i) => elements[i]![2] + text + elements[i]![3])
    assert.deepEqual(elementTexts(`${around}[${parts.join(',')}]${around}`), texts)
  })
  t.doesNotThrow(() => fc.assert(law, { numRuns: 500 }))
})
