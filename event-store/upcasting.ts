import type { RecordedEvent } from '../domain/event.js'
import { upcasters as ourUpcasters } from '../domain/upcasters.js'
import { SchemaVersions, type Upcasters } from '../domain/upcasting.js'
import { decorated } from './decorated.js'
import type { EventStore, LogPage } from './port.js'

/**
 * The same event store, whose events are all of the current version of their types: old ones are brought up as they are
 * read, and new ones say their version as they are appended. Whoever composes a system wraps each engine in it, so that
 * nobody else knows that there ever were other versions. Wrapped twice, it does nothing the second time.
 *
 * Every read throws {@link UnknownSchemaVersion} where a newer program has written the event.
 */
export function upcasting(eventStore: EventStore, upcasters: Upcasters = ourUpcasters): EventStore {
  const versions = new SchemaVersions(upcasters)
  const pageOf = (page: LogPage): LogPage => {
    const events = broughtUp(page.events, versions)
    return events === page.events ? page : { events, position: page.position }
  }
  return decorated(eventStore, {
    append: (events, expect) =>
      eventStore.append(
        events.map((event) => versions.stamped(event)),
        expect,
      ),
    readStream: async (stream, page) => broughtUp(await eventStore.readStream(stream, page), versions),
    readAll: async (page) => pageOf(await eventStore.readAll(page)),
    follow: async function* (page, signal) {
      for await (const read of eventStore.follow(page, signal)) yield pageOf(read)
    },
  })
}

/** The same array, unless one of the events is of an old version. */
function broughtUp<Events extends readonly RecordedEvent[]>(
  events: Events,
  versions: SchemaVersions,
): Events | RecordedEvent[] {
  let changed: RecordedEvent[] | undefined
  for (let at = 0; at < events.length; at++) {
    const event = events[at]
    const current = event && versions.current(event)
    if (!current || current === event) continue
    changed ??= [...events]
    changed[at] = current
  }
  return changed ?? events
}
