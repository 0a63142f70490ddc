/** Where mixing has got to: two halves, each on its way through all 32 bits. */
let high = 0
let low = 0

/**
 * A number of 53 bits for a JSON value: the same for the same text as JSON.stringify writes, and for different texts
 * different ones but for chance. It tells what was worked out anew from what was written before, not a friend from a
 * forger. A third of the time that writing it down and hashing it would take.
 */
export function fingerprintOf(value: unknown): number {
  high = 0x41c6ce57
  low = 0xdeadbeef
  mix(value)
  return (high >>> 11) * 0x1_0000_0000 + (low >>> 0)
}

/** What comes next: its kind, and how long it is. */
const kind = { text: 0, literal: 1, integer: 2, array: 3, object: 4, end: 5 }
const kinds = 8

function mix(value: unknown): void {
  if (typeof value === 'string') return mixText(kind.text, value)
  if (typeof value === 'number' && Number.isSafeInteger(value)) return mixInteger(value)
  if (Array.isArray(value)) {
    mixWord(kind.array + kinds * value.length)
    for (const element of value) mix(element ?? null)
  } else if (typeof value === 'object' && value !== null) mixObject(value as Record<string, unknown>)
  // As JSON has it, where NaN and the infinities become null.
  else mixText(kind.literal, typeof value === 'number' && !Number.isFinite(value) ? 'null' : String(value))
}

function mixObject(value: Readonly<Record<string, unknown>>): void {
  mixWord(kind.object)
  for (const field in value) {
    const own = value[field]
    if (own === undefined) continue
    mixText(kind.text, field)
    mix(own)
  }
  mixWord(kind.end)
}

function mixInteger(value: number): void {
  mixWord(kind.integer)
  mixWord(value)
  mixWord(Math.floor(value / 0x1_0000_0000))
}

function mixText(as: number, text: string): void {
  mixWord(as + kinds * text.length)
  let [left, right] = [high, low]
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    left = Math.imul(left ^ unit, 0x5f356495)
    right = Math.imul(right ^ unit, 0x9e3779b1)
  }
  high = left
  low = right
}

/** Takes the low 32 bits of a number in. */
function mixWord(word: number): void {
  high = Math.imul(high ^ word, 0xc2b2ae35)
  low = Math.imul(low ^ word, 0x85ebca6b)
}
