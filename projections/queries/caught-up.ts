import type { EventStore } from '../../event-store/port.js'
import type { Build, ReadStore } from '../../read-store/port.js'
import { firstWaiting } from '../running/outbox.js'
import { isOwing } from '../running/fold.js'
import { isBuiltFrom } from '../running/origin.js'
import type { Projection } from '../projection.js'
import { failureOf } from '../running/status.js'
import { ofLive } from './live.js'
import { Watch } from './watch.js'

export { NotCaughtUp } from './watch.js'

export interface CaughtUpOptions {
  readonly eventStore: EventStore
  readonly readStore: ReadStore
  readonly projections: readonly Projection[]
  /** How long to wait at most, in milliseconds. */
  readonly patience: number
}

/** Waits until what was written can be read: every method throws a `NotCaughtUp` if it takes too long. */
export class CaughtUp {
  readonly #eventStore: EventStore
  readonly #log: Watch
  /** By projection: its documents, and the events that it derives. */
  readonly #documents = new Map<string, Watch>()
  readonly #derived = new Map<string, Watch>()

  constructor({ eventStore, readStore, projections, patience }: CaughtUpOptions) {
    this.#eventStore = eventStore
    this.#log = new Watch({ subject: 'the log', look: () => eventStore.head(), patience })
    for (const projection of projections) {
      const { name } = projection
      const stuck = () => whyStuck(readStore, name)
      /** How far a build of another log has come says nothing of this one. */
      const ofThisLog = (look: (build: Build) => Promise<number>) => async (build: Build) =>
        (await isBuiltFrom(eventStore, build)) ? look(build) : -1
      const settled = (build: Build) => settledAt(projection, build)
      const documents = lookAt(readStore, name, ofThisLog(settled))
      const derived = lookAt(readStore, name, ofThisLog(publishedUpTo))
      const subject = `the read model ${name}`
      this.#documents.set(name, new Watch({ subject, look: documents, stuck, patience }))
      this.#derived.set(name, new Watch({ subject: `what ${name} derives`, look: derived, stuck, patience }))
    }
  }

  /** The log itself has got there, if it is asked for a position: another process may have appended. */
  async log(position: number | undefined): Promise<void> {
    if (position !== undefined) await this.#log.reached(position)
  }

  /** The documents of a projection hold all that follows from the log up to a position, if one is asked for. */
  async documents(projection: string, position: number | undefined): Promise<void> {
    if (position !== undefined) await this.#documents.get(projection)?.reached(position)
  }

  /**
   * The documents of a projection also hold what follows from the events that `deriving` derives from the log up to
   * a position. They stand further on in it.
   */
  async derivedDocuments(projection: string, deriving: string, position: number): Promise<void> {
    const folded = await this.#documents.get(deriving)?.reached(position)
    await this.#derived.get(deriving)?.reached(folded ?? position)
    await this.documents(projection, await this.#eventStore.head())
  }

  /** Ends all waiting. */
  stop(): void {
    for (const watch of [this.#log, ...this.#documents.values(), ...this.#derived.values()]) watch.stop()
  }
}

/** A build that is not there tells nothing. */
function lookAt(
  readStore: ReadStore,
  projection: string,
  look: (build: Build) => Promise<number>,
): () => Promise<number> {
  return async () => (await ofLive(readStore, projection, look)) ?? -1
}

/** A unit of work may end between an event and the work that it owes: then the documents are not what they will be. */
async function settledAt(projection: Projection, build: Build): Promise<number> {
  const checkpoint = await build.checkpoint()
  return (await isOwing(projection, build)) ? -1 : checkpoint
}

async function publishedUpTo(build: Build): Promise<number> {
  const checkpoint = await build.checkpoint()
  return Math.min(checkpoint, (await firstWaiting(build)) - 1)
}

async function whyStuck(readStore: ReadStore, projection: string): Promise<string | undefined> {
  const failure = await ofLive(readStore, projection, failureOf)
  return failure && `the projection ${projection} has stopped: ${failure.reason}`
}
