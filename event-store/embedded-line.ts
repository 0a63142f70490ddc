import type { NewEvent, RecordedEvent } from '../domain/event.js'

/**
 * How an event is written down: one line of JSON. Lines are kept many to a row as the elements of a JSON
 * array, so that a page is parsed by one `JSON.parse` and a single event by finding its line: a JSON text
 * never contains a raw newline.
 */

/** A line without its revision, which is known only once the event's turn has come. */
export type OpenLine = string

export function openLine(event: NewEvent): OpenLine {
  const { id, stream, type, data, metadata } = event
  const json = JSON.stringify({ id, stream, type, data, metadata })
  return json.slice(0, -1) + ',"revision":'
}

export function closeLine(line: OpenLine, revision: number): string {
  return line + revision + '}'
}

export function joinLines(lines: readonly string[]): string {
  return '[' + lines.join(',\n') + ']'
}

type Line = Omit<RecordedEvent, 'position' | 'recordedTime'> & { position: number; recordedTime: number }

/** All events of a row, the first of which stands at `position`. */
export function parseLines(text: string, position: number, recordedTime: number): RecordedEvent[] {
  const events = JSON.parse(text) as Line[]
  for (const event of events) {
    event.position = position++
    event.recordedTime = recordedTime
  }
  return events
}

/** Line by line, unparsed: element n of the array in `text`. */
export function splitLines(text: string): string[] {
  const lines = text.slice(1, -1).split(',\n')
  return lines
}

export function parseLine(line: string, position: number, recordedTime: number): RecordedEvent {
  return Object.assign(JSON.parse(line) as Line, { position, recordedTime })
}
