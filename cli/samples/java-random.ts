/**
 * Java's `java.util.Random`: the same seed gives the same numbers. The algorithm is part of its documented
 * contract: a linear congruential generator of 48 bits (Knuth, The Art of Computer Programming 2, section 3.2.1).
 *
 * The state is kept as two halves of 24 bits, whose products are exact in a number.
 */
export class JavaRandom {
  private high: number
  private low: number

  /** @param seed an integer, taken as a `long` */
  constructor(seed: number | bigint) {
    const scrambled = BigInt.asUintN(48, BigInt(seed) ^ 0x5deece66dn)
    this.high = Number(scrambled >> 24n)
    this.low = Number(scrambled & 0xffffffn)
  }

  /** An integer from 0 up to, not including, `bound`. `bound` is an `int` of at least 1. */
  nextInt(bound: number): number {
    let bits = this.next() >>> 1
    // For a power of two the high bits are taken: the low ones of this kind of generator have short periods.
    if ((bound & (bound - 1)) === 0) return Math.floor(bound * (bits / 2 ** 31))
    let value = bits % bound
    // The last, incomplete run of `bound` numbers would favour the small ones. Java notices it by the overflow.
    while (((bits - value + bound - 1) | 0) < 0) {
      bits = this.next() >>> 1
      value = bits % bound
    }
    return value
  }

  /** A number from 0 up to, not including, 1, of 53 random bits. */
  nextDouble(): number {
    const high = this.next() >>> 6
    return (high * 2 ** 27 + (this.next() >>> 5)) * 2 ** -53
  }

  /** Random bytes: the bytes of one integer after the other, the lowest first. */
  nextBytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    let word = 0
    for (let at = 0; at < length; at++) {
      word = at % 4 === 0 ? this.next() : word >> 8
      bytes[at] = word
    }
    return bytes
  }

  /** Puts a list in random order, in place, as `Collections.shuffle` does. */
  shuffle<Item>(list: Item[]): void {
    for (let size = list.length; size > 1; size--) {
      const [from, to] = [this.nextInt(size), size - 1]
      const item = list[from] as Item
      list[from] = list[to] as Item
      list[to] = item
    }
  }

  /** The upper 32 of the 48 bits, signed. */
  private next(): number {
    // The multiplier is 0x5deece66d, the increment 0xb.
    const low = this.low * 0xece66d + 0xb
    const high = this.high * 0xece66d + this.low * 0x5de + Math.floor(low / 0x1000000)
    // `&` takes the lower 32 bits of a number first, whatever its size up to 2^53.
    this.low = low & 0xffffff
    this.high = high & 0xffffff
    return (this.high << 8) | (this.low >>> 16)
  }
}
