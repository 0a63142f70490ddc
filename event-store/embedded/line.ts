import type { NewEvent, RecordedEvent } from '../../domain/event.js'

/**
 * How an event is written down: one line of JSON. Lines are kept many to a row as the elements of a JSON
 * array, so that a page is parsed by one `JSON.parse` and a single event by finding its line: a JSON text
 * never contains a raw newline. What is known only once the event's turn has come stands beside the lines.
 */
export function lineOf(event: NewEvent): string {
  const { id, stream, type, data, metadata } = event
  return JSON.stringify({ id, stream, type, data, metadata })
}

export function joinLines(lines: readonly string[]): string {
  return '[' + lines.join(',\n') + ']'
}

type Line = NewEvent & { revision: number; position: number; recordedTime: number }

/**
 * All events of a row.
 *
 * @param revisions of each of them
 * @param position of the first
 */
export function parseLines(
  text: string,
  revisions: readonly number[],
  position: number,
  recordedTime: number,
): RecordedEvent[] {
  const events = JSON.parse(text) as Line[]
  for (let at = 0; at < events.length; at++) {
    const event = events[at] as Line
    event.revision = revisions[at] ?? 0
    event.position = position + at
    event.recordedTime = recordedTime
  }
  return events
}

/** Line by line, unparsed: element n of the array in `text`. */
export function splitLines(text: string): string[] {
  return text.slice(1, -1).split(',\n')
}

export function parseLine(
  line: string,
  revision: number,
  position: number,
  recordedTime: number,
): RecordedEvent {
  return Object.assign(JSON.parse(line) as Line, { revision, position, recordedTime })
}
