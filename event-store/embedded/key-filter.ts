/** 4 MiB: one key in forty is looked up in vain at 4 million keys, two in five at 16 million. */
const bytes = 4 * 1024 * 1024
const bitMask = bytes * 8 - 1
const probes = 4

/**
 * A Bloom filter over the keys of the index: most new ids are known to be new without a look into the file.
 * It affects what a look-up costs, never what it answers.
 */
export class KeyFilter {
  readonly bits: Uint8Array

  /** @param bits the filter as it was stored; default one without keys */
  constructor(bits?: Uint8Array) {
    this.bits = bits?.length === bytes ? bits : new Uint8Array(bytes)
  }

  add(key: number): void {
    const step = stepOf(key)
    for (let i = 0, bit = key >>> 0; i < probes; i++, bit += step) {
      const at = bit & bitMask
      this.bits[at >>> 3] = (this.bits[at >>> 3] ?? 0) | (1 << (at & 7))
    }
  }

  addAll(keys: Float64Array): void {
    for (const key of keys) this.add(key)
  }

  /** False: the key was never added. True: it probably was. */
  mayHave(key: number): boolean {
    const step = stepOf(key)
    for (let i = 0, bit = key >>> 0; i < probes; i++, bit += step) {
      const at = bit & bitMask
      if (((this.bits[at >>> 3] ?? 0) & (1 << (at & 7))) === 0) return false
    }
    return true
  }
}

/** The upper bits of the key, which its first probe does not use. */
function stepOf(key: number): number {
  return Math.floor(key / 2 ** 21) | 1
}
