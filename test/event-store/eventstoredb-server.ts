import { EventStoreDBClient } from '@eventstore/db-client'
import type { Test } from 'tap'
import { openEventStoreDb } from '../../event-store/eventstoredb/eventstoredb.js'
import type { EventStore } from '../../event-store/port.js'
import { eventStoreDbUrl, ownName } from '../servers.js'

/** What tests ask of EventStoreDB. */
export interface TestEventStoreDb {
  readonly url: string
  /** A log in a namespace that no other test has, or in this one; closed after the test. */
  opened(t: Test, namespace?: string): Promise<{ readonly store: EventStore; readonly namespace: string }>
  /** The server as other applications use it. */
  rawClient(t: Test): EventStoreDBClient
}

/** Runs tests against an EventStoreDB, if there is one. */
export async function withEventStoreDb(tests: (server: TestEventStoreDb) => void): Promise<void> {
  const url = await eventStoreDbUrl()
  if (url === undefined) return

  const opened = async (t: Test, namespace = ownName()) => {
    const store = await openEventStoreDb({ url, namespace })
    t.teardown(() => store.close())
    return { store, namespace }
  }
  const rawClient = (t: Test) => {
    const client = EventStoreDBClient.connectionString(url)
    t.teardown(() => client.dispose())
    return client
  }
  tests({ url, opened, rawClient })
}

/** What a follow yields up to a position. */
export async function followUntil(store: EventStore, position: number, after = 0) {
  const stop = new AbortController()
  const seen = []
  for await (const page of store.follow({ after, limit: 50 }, stop.signal)) {
    seen.push(...page.events)
    if (page.position >= position) stop.abort()
  }
  return seen
}
