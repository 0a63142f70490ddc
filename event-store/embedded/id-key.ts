/**
 * The integer under which an id is found: 52 well-mixed bits of it. Two ids may share a key, so whoever finds
 * a key compares the id itself and, where it is another one, goes on at the next key ({@link nextKey}).
 */
export function idKey(id: string): number {
  let high = 0x9e3779b9
  let low = 0x85ebca6b
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i)
    high = Math.imul(high ^ code, 0x9e3779b1)
    low = Math.imul(low ^ code, 0x5f356495)
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35)
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35)
  return (high >>> 12) * 2 ** 32 + (low >>> 0)
}

export function nextKey(key: number): number {
  return (key + 1) % 2 ** 52
}
