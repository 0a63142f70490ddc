import { faultCodes, shown } from './fault.js'
import { InvalidValue } from './invalid-record.js'

/** An amount in cents, and how it was written if that was finer. */
export interface EuroAmount {
  /** A safe integer. */
  readonly cents: number
  /** The decimal as it was written, where something had to be rounded. */
  readonly unrounded: string | undefined
}

/** Longer text is refused: nobody means it. */
const MAX_LENGTH = 200

export class InvalidAmount extends InvalidValue {
  constructor(amount: string | number, why: string = faultCodes['invalid-amount']) {
    super('invalid-amount', `${shown(amount)} is not one: ${why}`)
  }
}

/**
 * The cents that an amount of euros comes to, rounded away from zero: `0.001` is 1 cent, `-0.001` is -1.
 *
 * Text is an optional `-`, digits, and optionally a point with more digits: no `+`, no exponent, no white space. A number, whose
 * literal nobody has, is taken as the shortest decimal that stands for it, so that 1.1 is what was written and not the binary
 * fraction next to it; one of more than 15 significant digits may have been another one when it was written, and is refused.
 *
 * @throws {InvalidAmount} also beyond ±(2^53 − 1) cents
 */
export function parseEuroAmount(amount: string | number): EuroAmount {
  if (typeof amount === 'string' && amount.length > MAX_LENGTH) throw new InvalidAmount(amount)
  const text = typeof amount === 'string' ? amount : decimalOf(amount)
  const negative = text.charCodeAt(0) === MINUS
  let at = negative ? 1 : 0
  let cents = 0
  const start = at
  for (; isDigit(text.charCodeAt(at)); at++) cents = cents * 10 + text.charCodeAt(at) - ZERO
  if (at === start) throw new InvalidAmount(amount)
  const [decimals, finer] = readDecimals(text, at, amount)
  // Rounding of numbers keeps order: beyond the limit it stays beyond.
  cents = cents * 100 + decimals
  if (finer) cents++
  if (cents > Number.MAX_SAFE_INTEGER) throw new InvalidAmount(amount)
  // A zero has no sign.
  return { cents: negative && cents !== 0 ? -cents : cents, unrounded: finer ? text : undefined }
}

/** What the text has from its point on: whole cents, and whether there is more. */
function readDecimals(text: string, at: number, amount: string | number): [cents: number, finer: boolean] {
  if (at === text.length) return [0, false]
  if (text.charCodeAt(at) !== POINT || at + 1 === text.length) throw new InvalidAmount(amount)
  let cents = 0
  let finer = false
  for (let digit = 1; at + digit < text.length; digit++) {
    const code = text.charCodeAt(at + digit)
    if (!isDigit(code)) throw new InvalidAmount(amount)
    if (digit <= 2) cents = cents * 10 + code - ZERO
    else if (code !== ZERO) finer = true
  }
  return [at + 2 === text.length ? cents * 10 : cents, finer]
}

/** The shortest decimal that stands for a number, written out. */
function decimalOf(amount: number): string {
  const [mantissa = '', exponent] = String(amount).split('e')
  if (exponent === undefined) {
    const significant = mantissa.replace(/^-?[0.]*/, '').replace('.', '').length
    if (significant <= MAX_SIGNIFICANT) return mantissa
  } else if (Number(exponent) < 0) {
    const digits = mantissa.replace(/[-.]/g, '')
    const sign = mantissa.startsWith('-') ? '-' : ''
    if (digits.length <= MAX_SIGNIFICANT) return `${sign}0.${'0'.repeat(-Number(exponent) - 1)}${digits}`
  }
  throw new InvalidAmount(amount, 'a number is not exact beyond 15 digits: send such an amount as text')
}

const MAX_SIGNIFICANT = 15
const [MINUS, POINT, ZERO] = [45, 46, 48]

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}
