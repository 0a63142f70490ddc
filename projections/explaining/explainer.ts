import type { RecordedEvent } from '../../domain/event.js'
import type { EventStore } from '../../event-store/port.js'
import type { Amount, AppliedRule, Figure, Ground, Outcome } from './explanation.js'
import type { Projection } from '../projection.js'
import type { ReadModels } from '../queries/live.js'

/**
 * How the figure of one kind of document is explained. A capability has a file for each figure that people ask about,
 * and a line in `explainers.ts`.
 */
export interface Explainer<Name extends string = string> {
  /** What it is called on the command line. */
  readonly name: string
  /** What it explains, in a few words. */
  readonly summary: string
  /** What names a document, in the order of the command line; over HTTP these are the parameters of its address. */
  readonly parameters: Readonly<Record<Name, Parameter>>
  /** The projection whose documents have the figure. */
  readonly projection: Projection
  /**
   * The case of one document: what is known about it before its events are read.
   *
   * @throws {NothingToExplain} there is no such document
   */
  open(subject: Readonly<Record<Name, string>>, log: Evidence): Promise<Case>
}

export interface Parameter {
  /** For people: what it has to be. */
  readonly description: string
  /** A regular expression. */
  readonly pattern?: string
  readonly example: string
}

/** What an explainer may look at. */
export interface Evidence {
  readonly eventStore: EventStore
  /** To find streams by, and for nothing else: what a figure is made of comes out of the log. */
  readonly models: ReadModels
  /** Whatever stands after it is not known yet. */
  readonly position: number
  readonly signal: AbortSignal
}

export interface Case {
  readonly subject: object
  /** What to say if no event counts and none ever did: a sentence. */
  readonly otherwise: string
  readonly rule: string
  readonly grounds: readonly Ground[]
  /** A sum is worked out from the steps; anything else is told. */
  readonly figure: SumFigure | Pick<Figure, 'name' | 'value'>
  /** The streams that hold the events behind the figure: they are read one after the other, each from its start. */
  readonly sources: readonly Source[]
  /** The stream that holds what the figure brought about. */
  readonly outcomes: {
    readonly stream: string
    /** What an event of it says that the figure is; undefined if it does not speak of it. */
    readonly read: (event: RecordedEvent) => Outcome['figure'] | undefined
  }
}

export interface SumFigure {
  readonly name: string
  readonly unit: string
  readonly zero: Amount
  readonly plus: (total: Amount, amount: Amount) => Amount
}

export interface Source {
  readonly stream: string
  /** The revision of the one event that counts, where it is known already. */
  readonly only?: number
  /** Undefined: the event is not counted. */
  readonly read: (event: RecordedEvent) => Contribution | undefined
}

/** What one event has to do with the figure. */
export interface Contribution {
  /** When it happened: ISO 8601, UTC. */
  readonly at: string
  /** Of a sum. */
  readonly amount?: Amount
  readonly rule: AppliedRule
}

/** There is no such document, and nothing is known of one that was there. */
export class NothingToExplain extends Error {
  readonly code = 'nothing-to-explain'
}
