import { shown } from './fault.js'
import { InvalidValue } from './invalid-record.js'

/** How many digits an amount of money may have before its point, and after it. What is billed has limits of its own. */
export const wholeDigits = 30
export const fractionDigits = 18
/** A JSON number that was read as a double is exactly what was written up to here. */
const exactDigits = 15
/** Of a literal: an exponent could ask for any number of zeros. */
const mostDigits = 1_000

/**
 * An amount as decimal digits. Text stays as it is: its schema (`Decimal` in `fields.ts`) takes no other. A number is taken
 * by its shortest decimal: exact for whatever was written with up to 15 digits.
 *
 * @throws {InvalidValue} `invalid-amount`: the number has more digits than a double keeps
 */
export function decimalOf(amount: string | number): string {
  if (typeof amount === 'string') return amount
  const decimal = plainDecimal(String(amount))
  if (decimal === undefined || !isExact(decimal) || fractionOf(decimal).length > fractionDigits) {
    throw new InvalidValue(
      'invalid-amount',
      `${shown(amount)} is no exact decimal: a JSON number may have ${exactDigits} digits, send more as text`,
    )
  }
  return decimal
}

/**
 * The decimal that a JSON number literal spells, without an exponent and without zeros at the end of its fraction:
 * `1.250e1` is `12.5`. Undefined if it has more digits or a greater exponent than anybody writes. How many an amount may have
 * is for its schema to say.
 */
export function plainDecimal(literal: string): string | undefined {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal)
  if (!parts) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts
  const shift = Number(exponent)
  const digits = whole + fraction
  if (/^0*$/.test(digits)) return '0'
  if (Math.abs(shift) > mostDigits || digits.length > mostDigits) return undefined
  const point = whole.length + shift
  const padded = point < 0 ? '0'.repeat(-point) + digits : digits.padEnd(point, '0')
  const before = padded.slice(0, Math.max(point, 0)).replace(/^0+/, '') || '0'
  const after = padded.slice(Math.max(point, 0)).replace(/0+$/, '')
  return `${sign}${before}${after === '' ? '' : `.${after}`}`
}

/** Zeros in front do not count; those at the end of a whole number do, as digits may have been lost there. */
function isExact(decimal: string): boolean {
  return decimal.replace(/^-?(0\.0*)?/, '').replace('.', '').length <= exactDigits
}

function fractionOf(decimal: string): string {
  return decimal.split('.')[1] ?? ''
}
