/** What stands in a slot that is free. No key is negative. */
const free = -1

/**
 * Whole numbers by whole numbers, in one flat array: an append puts nothing on the heap that the garbage
 * collector would have to look at.
 */
export class KeyTable {
  size = 0
  #mask: number
  /** Key and value of each slot, side by side: they are in one line of the processor's cache. */
  #slots: Float64Array

  /** @param capacity how many entries are to be expected */
  constructor(capacity: number) {
    const slots = 2 ** Math.ceil(Math.log2(capacity * 2))
    this.#mask = slots - 1
    this.#slots = new Float64Array(slots * 2).fill(free)
  }

  get(key: number): number | undefined {
    const slot = this.#slotOf(key)
    return this.#slots[slot] === key ? this.#slots[slot + 1] : undefined
  }

  /**
   * Adds an entry, unless the key is taken.
   *
   * @param key not negative
   * @returns whether it was added
   */
  add(key: number, value: number): boolean {
    if (this.size * 2 > this.#mask) this.#grow()
    const slot = this.#slotOf(key)
    if (this.#slots[slot] === key) return false
    this.size++
    this.#slots[slot] = key
    this.#slots[slot + 1] = value
    return true
  }

  /** All keys, in ascending order. */
  keys(): Float64Array {
    const keys = new Float64Array(this.size)
    let count = 0
    for (let slot = 0; slot < this.#slots.length; slot += 2) {
      const key = this.#slots[slot] ?? free
      if (key !== free) keys[count++] = key
    }
    return keys.sort()
  }

  /** The slot that holds the key, or the free one where it would go. */
  #slotOf(key: number): number {
    let at = (key >>> 0) & this.#mask
    for (let held = this.#slots[at * 2]; held !== key && held !== free; held = this.#slots[at * 2])
      at = (at + 1) & this.#mask
    return at * 2
  }

  #grow(): void {
    const slots = this.#slots
    this.#mask = this.#mask * 2 + 1
    this.#slots = new Float64Array(slots.length * 2).fill(free)
    this.size = 0
    for (let slot = 0; slot < slots.length; slot += 2) {
      const [key, value] = [slots[slot] ?? free, slots[slot + 1] ?? 0]
      if (key !== free) this.add(key, value)
    }
  }
}
