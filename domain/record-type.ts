import { faultCodes, shown } from './fault.js'
import { InvalidRecord, refused } from './invalid-record.js'
import { missing } from './record-parser.js'

/**
 * What a record of a mixed source says that it is, in its field `type`.
 *
 * @throws {InvalidRecord} it is no JSON object, or does not say
 */
export function recordTypeOf(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused('invalid-field', `${shown(value)} is no record: ${faultCodes['invalid-field']}`)
  }
  const { type } = value as { type?: unknown }
  if (typeof type === 'string') return type
  if (type === undefined) throw new InvalidRecord([missing('/type')])
  const detail = `type is ${shown(type)}: ${faultCodes['invalid-type']}`
  throw new InvalidRecord([{ path: '/type', code: 'invalid-type', detail }])
}
