import { appends } from './appends.js'
import { duplicates } from './duplicates.js'
import { expectations } from './expectations.js'
import { follows } from './follows.js'
import { handles } from './handles.js'
import { reads } from './reads.js'
import { declaring, type OpenedEventStore } from './under-test.js'

/** What every event store does, whichever engine keeps the events. */
export function eventStoreContract(engine: string, open: () => Promise<OpenedEventStore>): void {
  const behaviour = declaring(engine, open)
  appends(behaviour)
  expectations(behaviour)
  duplicates(behaviour)
  reads(behaviour)
  follows(behaviour)
  handles(behaviour)
}
