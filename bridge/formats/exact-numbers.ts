import { plainDecimal } from '../../domain/decimal.js'
import { numberLiteral } from './number-literal.js'

/** Fields whose digits count, also those that a double loses. */
export interface ExactFields {
  /** These become decimals as text. */
  readonly decimals?: readonly string[]
  /** These stay numbers, if the literal spells an integer: `5`, but also `5.0` and `5e0`. */
  readonly integers?: readonly string[]
}

/**
 * The same JSON object, with what the literals of these fields say: `JSON.parse` makes doubles of them, which keep 15
 * digits for certain. A literal that is no integer where there should be one becomes a text that no schema takes, and so
 * does one with more digits or zeros than anybody writes (1000).
 *
 * @param value that was read from the text
 * @param text a JSON object that `JSON.parse` has accepted; it is only looked at where a field is a number
 */
export function withExactNumbers(
  value: unknown,
  text: () => string,
  { decimals = [], integers = [] }: ExactFields,
): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  let record = value as Readonly<Record<string, unknown>>
  for (const field of decimals) {
    if (typeof record[field] !== 'number') continue
    record = { ...record, [field]: plainDecimal(numberLiteral(text(), field)) ?? unreadable }
  }
  for (const field of integers) {
    // What is no integer as a double is none as a literal either.
    if (!Number.isInteger(record[field])) continue
    const literal = numberLiteral(text(), field)
    if (!spellsInteger(literal)) record = { ...record, [field]: literal }
  }
  return record
}

function spellsInteger(literal: string): boolean {
  return /^-?\d+$/.test(literal) || plainDecimal(literal)?.includes('.') === false
}

/** What no schema takes for an amount. */
const unreadable = 'a number with too many digits'
