import { refused } from '../../domain/invalid-record.js'

/** So many objects and arrays may stand in one another, the record itself included. */
const maxLevels = 100

/**
 * Refuses a value that is nested so deep that functions which call themselves, such as `JSON.stringify`, would end the
 * whole process's work instead of one record's. A flat record costs a look at each field.
 *
 * @throws {InvalidRecord} `too-deeply-nested`
 */
export function assertNesting(value: unknown): void {
  if (isDeeper(value, maxLevels)) throw refused('too-deeply-nested')
}

/** Does the value have more levels than these? It is gone into no further than that. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  if (Array.isArray(value)) return value.some((element) => isDeeper(element, levels - 1))
  for (const name in value) {
    if (isDeeper((value as Readonly<Record<string, unknown>>)[name], levels - 1)) return true
  }
  return false
}
