import { plainDecimal } from '../../domain/decimal.js'

/**
 * The same JSON object, but numbers of some fields as text with the digits that were written: `JSON.parse` makes doubles
 * of them, which keep 15 digits for certain. A literal with more digits than an amount may have becomes a text that is none.
 *
 * @param value that was read from the text
 * @param text a JSON object that `JSON.parse` has accepted
 */
export function withExactDecimals(value: unknown, text: () => string, fields: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const record = value as Readonly<Record<string, unknown>>
  const numbers = fields.filter((field) => typeof record[field] === 'number')
  if (numbers.length === 0) return value
  const literals = numbersOf(text())
  const exact = numbers.map((field) => {
    const literal = literals.get(field)
    return [field, (literal === undefined ? undefined : plainDecimal(literal)) ?? unreadable]
  })
  return { ...record, ...Object.fromEntries(exact) }
}

/** What no schema takes for an amount. */
const unreadable = 'a number with too many digits'

/** The literals of the numbers among the members of a JSON object; of members of one name the last one counts. */
function numbersOf(json: string): Map<string, string> {
  const literals = new Map<string, string>()
  let depth = 0
  let name: string | undefined
  for (const [token] of json.matchAll(tokens)) {
    const first = token.charAt(0)
    if (first === '{' || first === '[') depth++
    else if (first === '}' || first === ']') depth--
    else if (depth === 1 && first === '"' && token.endsWith(':')) {
      name = JSON.parse(token.slice(0, -1).trimEnd()) as string
      literals.delete(name)
    } else if (depth === 1 && name !== undefined && isNumberStart(first)) literals.set(name, token)
  }
  return literals
}

/** Brackets, strings (with the colon that makes one a name), and numbers. */
const tokens = /[{}[\]]|"(?:[^"\\]|\\.)*"(?:\s*:)?|-?\d[\d.eE+-]*/g

function isNumberStart(character: string): boolean {
  return character === '-' || (character >= '0' && character <= '9')
}
