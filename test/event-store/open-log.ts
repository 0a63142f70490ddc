import type { Test } from 'tap'
import { openEmbeddedEventStore, type EmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import { temporaryFolder } from '../projections/tidemark.js'

/** The embedded log in a folder, a new one if none is given; closed after the test. */
export function openLog(t: Test, folder = temporaryFolder(t)): EmbeddedEventStore {
  const eventStore = openEmbeddedEventStore(folder)
  t.teardown(() => eventStore.close())
  return eventStore
}
