import t, { type Test } from 'tap'
import type { EventStore } from '../../../event-store/port.js'

/** One engine's event store, empty, and how to get at it again. */
export interface OpenedEventStore {
  readonly store: EventStore
  /** Another handle on the same log, as another process has it. */
  readonly again: () => Promise<EventStore>
  readonly cleanUp: () => Promise<void>
}

interface Given {
  readonly store: EventStore
  readonly again: () => Promise<EventStore>
}

/** Declares a test of what a store does; each opens a store of its own, and cleans up after itself. */
export type DeclareTest = (name: string, body: (test: Test, given: Given) => Promise<void>) => void

export function declaring(engine: string, open: () => Promise<OpenedEventStore>): DeclareTest {
  return (name, body) =>
    void t.test(`${engine}: ${name}`, async (test) => {
      const { store, again, cleanUp } = await open()
      try {
        await body(test, { store, again })
      } finally {
        await cleanUp()
      }
    })
}
