/**
 * A sum of bytes, exact at any size: a number up to 2^53 − 1, beyond that its decimal digits. A total has one
 * form only, so equal totals are `===`.
 */
export type ByteTotal = number | string

/** `total + bytes`. */
export function plus(total: ByteTotal, bytes: ByteTotal): ByteTotal {
  if (typeof total === 'number' && typeof bytes === 'number') {
    const sum = total + bytes
    // Where the true sum is beyond 2^53 − 1, so is the rounded one.
    if (sum <= Number.MAX_SAFE_INTEGER) return sum
  }
  return totalOf(BigInt(total) + BigInt(bytes))
}

/**
 * `total - bytes`.
 *
 * @throws {RangeError} the difference would be negative: something was taken out that had not been put in
 */
export function minus(total: ByteTotal, bytes: ByteTotal): ByteTotal {
  if (typeof total === 'number' && typeof bytes === 'number' && bytes <= total) return total - bytes
  const difference = BigInt(total) - BigInt(bytes)
  if (difference < 0n) throw new RangeError(`cannot take ${bytes} bytes from a total of ${total}`)
  return totalOf(difference)
}

/** `total >= max`. */
export function atLeast(total: ByteTotal, max: ByteTotal): boolean {
  if (typeof total === 'number') return typeof max === 'number' && total >= max
  return typeof max === 'number' || BigInt(total) >= BigInt(max)
}

function totalOf(sum: bigint): ByteTotal {
  return sum <= MAX_NUMBER ? Number(sum) : sum.toString()
}

const MAX_NUMBER = BigInt(Number.MAX_SAFE_INTEGER)
