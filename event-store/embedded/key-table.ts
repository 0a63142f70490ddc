/**
 * Whole numbers by whole numbers, in two flat arrays: an append puts nothing on the heap that the garbage
 * collector would have to look at.
 */
export class KeyTable {
  size = 0
  #mask: number
  #keys: Float64Array
  #values: Float64Array

  /** @param capacity how many entries are to be expected */
  constructor(capacity: number) {
    const slots = 2 ** Math.ceil(Math.log2(capacity * 2))
    this.#mask = slots - 1
    this.#keys = new Float64Array(slots).fill(-1)
    this.#values = new Float64Array(slots)
  }

  get(key: number): number | undefined {
    const slot = this.#slotOf(key)
    return this.#keys[slot] === key ? this.#values[slot] : undefined
  }

  /** @param key not negative */
  set(key: number, value: number): void {
    if (this.size * 2 > this.#mask) this.#grow()
    const slot = this.#slotOf(key)
    if (this.#keys[slot] !== key) this.size++
    this.#keys[slot] = key
    this.#values[slot] = value
  }

  /** All keys, in ascending order. */
  keys(): Float64Array {
    return this.#keys.filter((key) => key >= 0).sort()
  }

  /** The slot that holds the key, or the free one where it would go. */
  #slotOf(key: number): number {
    let slot = (key >>> 0) & this.#mask
    for (let held = this.#keys[slot]; held !== key && held !== -1; held = this.#keys[slot])
      slot = (slot + 1) & this.#mask
    return slot
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values]
    this.#mask = this.#mask * 2 + 1
    this.#keys = new Float64Array(keys.length * 2).fill(-1)
    this.#values = new Float64Array(keys.length * 2)
    keys.forEach((key, i) => {
      if (key < 0) return
      const slot = this.#slotOf(key)
      this.#keys[slot] = key
      this.#values[slot] = values[i] ?? 0
    })
  }
}
