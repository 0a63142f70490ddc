import { parseBillableEvent } from '../../domain/billable-event-input.js'
import type { BillableEvent } from '../../domain/billable-event.js'
import { controlCharacter } from '../../domain/fault.js'
import { refused, type InvalidRecord } from '../../domain/invalid-record.js'

/**
 * A billable event from its line `timestampMs,customer,amountEUR,type`. There are no quotes, and no spaces around fields.
 * A customer whose name has a comma needs JSON: where the name ends would be a guess.
 *
 * @throws {InvalidRecord} with the path of each fault, as if the event had come as JSON
 */
export function parseBillableEventLine(line: string): BillableEvent {
  const afterTime = line.indexOf(',')
  const afterCustomer = line.indexOf(',', afterTime + 1)
  const afterAmount = line.indexOf(',', afterCustomer + 1)
  // Once there is no further comma, the search goes round and finds an earlier one.
  const inOrder = afterTime >= 0 && afterTime < afterCustomer && afterCustomer < afterAmount
  if (!inOrder || line.includes(',', afterAmount + 1)) throw wrongFieldCount(line)
  return parseBillableEvent({
    // What is not an integer stays text, and is refused as such.
    timestampMs: readInteger(line, afterTime) ?? line.slice(0, afterTime),
    customer: line.slice(afterTime + 1, afterCustomer),
    amountEUR: line.slice(afterCustomer + 1, afterAmount),
    type: line.slice(afterAmount + 1),
  })
}

/** The integer that the line spells up to `end`: perhaps a minus sign, then digits and nothing else. */
function readInteger(line: string, end: number): number | undefined {
  const negative = line.charCodeAt(0) === MINUS
  const start = negative ? 1 : 0
  let integer = 0
  for (let at = start; at < end; at++) {
    const digit = line.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return undefined
    integer = integer * 10 + digit
  }
  if (end === start) return undefined
  return negative ? -integer : integer
}

function wrongFieldCount(line: string): InvalidRecord {
  const control = controlCharacter(line)
  if (control) return refused('control-character', `the line contains ${control}`)
  const fields = line.split(',').length
  return refused(
    'wrong-field-count',
    `the line has ${fields} field${fields === 1 ? '' : 's'}, not the 4 of ${FORMAT}`,
  )
}

const MINUS = 45
const FORMAT = 'timestampMs,customer,amountEUR,type'
