import { endOfString } from './json-strings.js'

/**
 * The literal of a number that is a member of a JSON object, as it was written. Of members of one name the last one
 * counts, as for `JSON.parse`.
 *
 * @param json an object that `JSON.parse` has accepted, and found a number in it under this name
 */
export function numberLiteral(json: string, name: string): string {
  return onlyLiteral(json, `"${name}"`) ?? lastLiteral(json, name)
}

/**
 * The number behind a name that the text has once, which is the member's then: nothing else need be read to know that.
 * Undefined if it has the name more than once, or a backslash: then it may be spelled otherwise, or part of a text.
 */
function onlyLiteral(json: string, quotedName: string): string | undefined {
  const at = json.indexOf(quotedName)
  const end = at + quotedName.length
  if (at < 0 || json.includes(quotedName, end) || json.includes('\\')) return undefined
  behindName.lastIndex = end
  return behindName.exec(json)?.[1]
}

/** Token by token. */
function lastLiteral(json: string, name: string): string {
  let literal = ''
  let depth = 0
  let isWanted = false
  tokens.lastIndex = 0
  for (let found = tokens.exec(json); found; found = tokens.exec(json)) {
    const [token] = found
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    else if (token === '"') {
      const end = endOfString(json, found.index) + 1
      tokens.lastIndex = end
      if (depth === 1 && isName(json, end)) isWanted = JSON.parse(json.slice(found.index, end)) === name
    } else if (depth === 1 && isWanted) literal = token
  }
  return literal
}

/** Does a colon follow the string that ends here? */
function isName(json: string, end: number): boolean {
  colon.lastIndex = end
  return colon.test(json)
}

/** Brackets, opening quotes, and numbers. */
const tokens = /[{}[\]"]|-?\d[\d.eE+-]*/g
const colon = /\s*:/y
const behindName = /\s*:\s*(-?\d[\d.eE+-]*)/y
