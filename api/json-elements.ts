import { endOfString } from '../bridge/formats/json-strings.js'

/**
 * The texts of the elements of a JSON array, as they were written.
 *
 * @param json an array that `JSON.parse` has accepted, and that is not empty
 */
export function elementTexts(json: string): string[] {
  const texts: string[] = []
  let start = json.indexOf('[') + 1
  for (;;) {
    const end = endOfElement(json, start)
    texts.push(json.slice(start, end).trim())
    if (json.charCodeAt(end) !== COMMA) return texts
    start = end + 1
  }
}

/** Where the element that starts here ends: at its comma, or at the bracket that closes the array. */
function endOfElement(json: string, start: number): number {
  let depth = 0
  for (let at = start; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === QUOTE) at = endOfString(json, at)
    else if (code === OPENING_BRACE || code === OPENING_BRACKET) depth++
    else if (depth === 0 && (code === COMMA || code === CLOSING_BRACKET)) return at
    else if (code === CLOSING_BRACE || code === CLOSING_BRACKET) depth--
  }
  return json.length
}

const [QUOTE, COMMA] = [34, 44]
const [OPENING_BRACKET, CLOSING_BRACKET, OPENING_BRACE, CLOSING_BRACE] = [91, 93, 123, 125]
