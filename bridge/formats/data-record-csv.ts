import { parseDataRecord } from '../../domain/data-record-input.js'
import type { DataRecord } from '../../domain/data-record.js'
import { controlCharacter } from '../../domain/fault.js'
import { refused, type InvalidRecord } from '../../domain/invalid-record.js'

/**
 * A data record from its line `id;recordedAt;msisdn;recordedBytes`. There are no quotes, and no spaces around fields.
 *
 * `recordedBytes` is decimal digits and nothing else: `+5`, `-0`, `1.0` and `1e3` are refused. Leading zeros are
 * taken, as exporters of fixed-width columns write them; they cannot change the value.
 *
 * @throws {InvalidRecord} with the path of each fault, as if the record had come as JSON
 */
export function parseDataRecordLine(line: string): DataRecord {
  const afterId = line.indexOf(';')
  const afterTime = line.indexOf(';', afterId + 1)
  const afterMsisdn = line.indexOf(';', afterTime + 1)
  // Once there is no further semicolon, the search goes round and finds an earlier one.
  const inOrder = afterId >= 0 && afterId < afterTime && afterTime < afterMsisdn
  if (!inOrder || line.includes(';', afterMsisdn + 1)) throw wrongFieldCount(line)
  return parseDataRecord({
    id: line.slice(0, afterId),
    recordedAt: line.slice(afterId + 1, afterTime),
    msisdn: line.slice(afterTime + 1, afterMsisdn),
    // What is not a count stays text, and is refused as such.
    recordedBytes: readCount(line, afterMsisdn + 1) ?? line.slice(afterMsisdn + 1),
  })
}

/** The number that the rest of the line spells, if it is decimal digits and at most 2^53 − 1. */
function readCount(line: string, start: number): number | undefined {
  let count = 0
  for (let at = start; at < line.length; at++) {
    const digit = line.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return undefined
    count = count * 10 + digit
    // Rounding keeps order: beyond the limit it stays beyond.
    if (count > Number.MAX_SAFE_INTEGER) return undefined
  }
  return line.length > start ? count : undefined
}

function wrongFieldCount(line: string): InvalidRecord {
  const control = controlCharacter(line)
  if (control) return refused('control-character', `the line contains ${control}`)
  const fields = line.split(';').length
  return refused(
    'wrong-field-count',
    `the line has ${fields} field${fields === 1 ? '' : 's'}, not the 4 of ${FORMAT}`,
  )
}

const FORMAT = 'id;recordedAt;msisdn;recordedBytes'
