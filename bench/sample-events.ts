import { dataPlanFiles } from '../cli/samples/data-plan.js'
import { dataRecorded } from '../domain/data-record.js'
import type { NewEvent } from '../domain/event.js'
import { parseTimestamp } from '../domain/timestamp.js'

const subscribers = 1_000

/** Events as an import makes them, in the order of the generator: some 310 bytes of JSON each. */
export function sampleEvents(count: number): NewEvent[] {
  const events: NewEvent[] = []
  // A month has 28 days at least, a day one record of each subscriber.
  const months = Math.ceil(count / subscribers / 28)
  for (const { lines } of dataPlanFiles({ subscribers, months })) {
    let number = 0
    for (const line of lines) {
      if (events.length < count) events.push(eventOf(line, ++number))
    }
  }
  return events
}

function eventOf(line: string, number: number): NewEvent {
  const [externalRecordId = '', time = '', msisdn = '', bytes = ''] = line.split(';')
  const record = { externalRecordId, msisdn, recordedAt: parseTimestamp(time), recordedBytes: Number(bytes) }
  return dataRecorded(record, { source: `file:0123456789abcdef0123456789abcdef#${number}` })
}

/** How long the JSON of an event is on average, in bytes. */
export function meanBytes(events: readonly NewEvent[]): number {
  const bytes = events.reduce((sum, event) => sum + JSON.stringify(event).length, 0)
  return Math.round(bytes / events.length)
}
