import { randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import type { NewEvent, RecordedEvent } from '../../../domain/event.js'
import type { EventStore } from '../../../event-store/port.js'

/** An event to append, told apart by its id. */
export function event(stream: string, number = 0): NewEvent {
  return { id: randomUUID(), stream, type: 'Tested', data: { number }, metadata: {} }
}

/** The whole log. */
export function everything(store: EventStore, limit = 100): Promise<RecordedEvent[]> {
  return collect(store, { after: 0, limit })
}

/** What of the log a page chooses, read page by page. */
export async function collect(
  store: EventStore,
  page: Parameters<EventStore['readAll']>[0],
): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = []
  const head = await store.head()
  for (let after = page.after; after < head;) {
    const next = await store.readAll({ ...page, after })
    events.push(...next.events)
    after = next.position
  }
  return events
}

/** Each stream has the revisions 0, 1, 2, …, in the order of positions. */
export function assertGapless(t: Test, log: readonly RecordedEvent[]): void {
  const next = new Map<string, number>()
  for (const { stream, revision } of log) {
    if (revision !== (next.get(stream) ?? 0))
      t.fail(`${stream} has revision ${revision} after ${next.get(stream) ?? 0}`)
    next.set(stream, revision + 1)
  }
  t.pass('revisions are gapless')
}
