import { readFileSync } from 'node:fs'
import type { NewEvent } from '../domain/event.js'

/** Events as they stand in a log, one a line, from a file of `test/fixtures`. */
export function storedEvents(name: string): NewEvent[] {
  const lines = readFileSync(fixture(name), 'utf8').trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as NewEvent)
}

/** The tests run compiled, and their fixtures stay where they are: `dist/test` → the project. */
export function fixture(name: string): URL {
  return new URL(`../../test/fixtures/${name}`, import.meta.url)
}
