import { deadLetterStream, rawBytes, type RecordRejected } from '../domain/dead-letter.js'
import type { EventStore } from '../event-store/port.js'

/** Some hundred kilobytes each. */
const eventsAPage = 4

/** The bytes of a dead letter as they came, part by part: those of a large record are in several events. */
export async function* deadLetterBytes(eventStore: EventStore, id: string): AsyncGenerator<Buffer> {
  for (let from = 0, read = eventsAPage; read === eventsAPage; from += read) {
    const events = await eventStore.readStream(deadLetterStream(id), { from, limit: eventsAPage })
    for (const { type, data } of events) {
      if (type === 'RecordRejected' || type === 'RawContinued') yield rawBytes(data as RecordRejected['data'])
    }
    read = events.length
  }
}
