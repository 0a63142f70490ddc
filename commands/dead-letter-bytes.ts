import { deadLetterStream, rawBytes, type RecordRejected } from '../domain/dead-letter.js'
import type { EventStore } from '../event-store/port.js'
import { forwards } from './forwards.js'

/** Some hundred kilobytes each. */
const eventsAPage = 4

/** The bytes of a dead letter as they came, part by part: those of a large record are in several events. */
export async function* deadLetterBytes(eventStore: EventStore, id: string): AsyncGenerator<Buffer> {
  for await (const { type, data } of forwards(eventStore, deadLetterStream(id), eventsAPage)) {
    if (type === 'RecordRejected' || type === 'RawContinued') yield rawBytes(data as RecordRejected['data'])
  }
}
