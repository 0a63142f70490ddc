import { faultCodes } from '../../domain/fault.js'
import { refused, type InvalidRecord } from '../../domain/invalid-record.js'

/**
 * The value of one line of NDJSON. What it means is not looked at.
 *
 * @throws {InvalidRecord} `invalid-json`
 */
export function parseJsonLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw notJson(error instanceof Error ? error.message : String(error))
  }
}

/** V8 says what it stumbled over and quotes some of the line around it. */
function notJson(why: string): InvalidRecord {
  return refused('invalid-json', `the line is refused: ${faultCodes['invalid-json']}; ${why}`)
}
