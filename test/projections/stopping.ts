import type { EventStore } from '../../event-store/port.js'
import type { Build, ReadStore } from '../../read-store/port.js'
import { decorated } from '../../event-store/decorated.js'

/** A process that stops here: what was done before is done, what comes after is not. */
export class Stopped extends Error {
  override readonly name = 'Stopped'
}

/** Counts down the calls that go through, and stops at those after them. */
export class Countdown {
  #left: number
  constructor(left = Infinity) {
    this.#left = left
  }

  /** From now on so many calls go through. */
  set(left: number): void {
    this.#left = left
  }

  pass(): void {
    if (this.#left <= 0) throw new Stopped('stopped')
    this.#left--
  }
}

/** The event store, until it has made so many appends: none after those reaches the log. */
export function stoppingAppends(eventStore: EventStore, appends: Countdown): EventStore {
  return decorated(eventStore, {
    append: async (events, expect) => {
      appends.pass()
      return eventStore.append(events, expect)
    },
  })
}

/** The event store of one who stops right after an append: it is in the log, and never answered. */
export function unansweredAppends(eventStore: EventStore, answers: Countdown): EventStore {
  return decorated(eventStore, {
    append: async (events, expect) => {
      const appended = await eventStore.append(events, expect)
      answers.pass()
      return appended
    },
  })
}

/** The read store, until its builds have made so many commits: none after those reaches the disk. */
export function stoppingCommits(readStore: ReadStore, commits: Countdown): ReadStore {
  const stopping = (build: Build): Build => ({
    projection: build.projection,
    version: build.version,
    build: build.build,
    partitions: build.partitions,
    checkpoint: (partition) => build.checkpoint(partition),
    lastUnit: (partition) => build.lastUnit(partition),
    getMany: (collection, ids) => build.getMany(collection, ids),
    page: (collection, query) => build.page(collection, query),
    count: (collection) => build.count(collection),
    snapshot: () => build.snapshot(),
    commit: async (unit) => {
      commits.pass()
      return build.commit(unit)
    },
  })
  return {
    live: async (projection) => {
      const live = await readStore.live(projection)
      return live && stopping(live)
    },
    all: async () => (await readStore.all()).map(stopping),
    dataVersion: () => readStore.dataVersion(),
    create: async (...build) => stopping(await readStore.create(...build)),
    promote: (build, replacing) => readStore.promote(build, replacing),
    discard: (build) => readStore.discard(build),
    scratch: () => readStore.scratch(),
    lease: (...lease) => readStore.lease(...lease),
    release: (...lease) => readStore.release(...lease),
    leases: () => readStore.leases(),
    close: () => readStore.close(),
  }
}
