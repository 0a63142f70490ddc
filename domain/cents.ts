/**
 * A sum of money in cents, of either sign and exact at any size: a number from -(2^53 − 1) to 2^53 − 1, beyond that its
 * decimal digits. A sum has one form only, so equal sums are `===`.
 */
export type Cents = number | string

/** `a + b`. */
export function plusCents(a: Cents, b: Cents): Cents {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    // Where the true sum is out of range, so is the rounded one.
    if (Number.isSafeInteger(sum)) return sum
  }
  return centsOf(BigInt(a) + BigInt(b))
}

/** `a - b`. */
export function minusCents(a: Cents, b: Cents): Cents {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b
    if (Number.isSafeInteger(difference)) return difference
  }
  return centsOf(BigInt(a) - BigInt(b))
}

/** As euros, with two decimals: `12.34`, `-0.05`, `0.00`. */
export function asEuros(cents: Cents): string {
  const digits = String(cents).replace('-', '').padStart(3, '0')
  const sign = String(cents).startsWith('-') ? '-' : ''
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

function centsOf(sum: bigint): Cents {
  return sum >= -LARGEST && sum <= LARGEST ? Number(sum) : sum.toString()
}

const LARGEST = BigInt(Number.MAX_SAFE_INTEGER)
