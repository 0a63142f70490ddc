import type { RecordedEvent } from '../../domain/event.js'
import { formatTimestamp, lastInstant } from '../../domain/timestamp.js'

/** An amount of what a figure adds up: a number, or its exact decimal digits. */
export type Amount = number | string

/** A document’s figure, and the events of the log that make it what it is: so that a reader can add it up himself. */
export interface Explanation {
  /** What is explained, by what names it. */
  readonly subject: object
  readonly figure: Figure
  /** The log up to here was read, and nothing after it. */
  readonly position: number
  /** What is counted, in words. */
  readonly rule: string
  /** The events that decide which others are counted. */
  readonly grounds: readonly Ground[]
  /** The events that are counted, in the order of their streams. */
  readonly steps: readonly Step[]
  /** The events that the figure brought about, after the steps. */
  readonly outcomes: readonly Outcome[]
  /** The next page goes on after this; absent on the last one. */
  readonly next?: string
}

export interface Figure {
  /** The field of the document. */
  readonly name: string
  readonly value: Amount | object
  /** Of a figure that is a sum. */
  readonly unit?: string
  /** How many events it is worked out from. */
  readonly events: number
}

/** Where an event stands. */
export interface Place {
  readonly stream: string
  readonly revision: number
  readonly position: number
  readonly type: string
}

export interface Ground extends Place {
  /** When it happened: ISO 8601, UTC. */
  readonly at: string
  /** What it says to the matter, in words. */
  readonly detail: string
}

export interface Step extends Place {
  /** When it happened: ISO 8601, UTC. */
  readonly at: string
  /** What it adds; absent where the figure is no sum. */
  readonly amount?: Amount
  /** The sum of all steps up to this one. */
  readonly total?: Amount
  readonly rule: AppliedRule
}

/** Why an event is counted here. */
export interface AppliedRule {
  /** Stable: for programs. */
  readonly code: string
  /** The same in words. */
  readonly detail: string
  /** The position from which on it has been counted here: its own, or that of the event that brought it here. */
  readonly since: number
  /** The id of what counted it before that, if anything did. */
  readonly from?: string
}

export interface Outcome extends Place {
  /** When the log took it: ISO 8601, UTC (history). */
  readonly recordedAt: string
  /** What the figure was then. */
  readonly figure: Amount | object
}

/** An instant as ISO 8601 in UTC; null beyond the years that have timestamps. */
export function shownInstant(instant: number): string | null {
  return instant > lastInstant ? null : formatTimestamp(instant)
}

export function placeOf({ stream, revision, position, type }: RecordedEvent): Place {
  return { stream, revision, position, type }
}
