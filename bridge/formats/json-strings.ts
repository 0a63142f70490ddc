/**
 * Where the closing quote of a string in JSON stands. Not by a regular expression: those that know of backslashes run out
 * of stack in a text of some megabytes.
 *
 * @param json that `JSON.parse` has accepted
 * @param opening where the opening quote of the string stands
 */
export function endOfString(json: string, opening: number): number {
  let end = json.indexOf('"', opening + 1)
  while (isEscaped(json, end)) end = json.indexOf('"', end + 1)
  return end
}

/** Is there an odd number of backslashes before it? */
function isEscaped(json: string, at: number): boolean {
  let start = at
  while (json.charCodeAt(start - 1) === BACKSLASH) start--
  return (at - start) % 2 === 1
}

const BACKSLASH = 92
