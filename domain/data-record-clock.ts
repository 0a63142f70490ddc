import type { Event, Metadata, NewEvent } from './event.js'
import { formatTimestamp } from './timestamp.js'
import { uuidV5Namespace } from './uuid.js'

/** Somebody said that no more data records before an instant are to be expected: a quiet source moves on. */
export type ClockAdvanced = Event<'ClockAdvanced', { readonly to: string }>
/** How long the clock stays behind the greatest event time, from here on, in milliseconds. */
export type AllowedLatenessSet = Event<'AllowedLatenessSet', { readonly milliseconds: number }>

export const clockStream = 'clock-data-records'

/**
 * The data-record clock: the greatest `recordedAt` in the log less the allowed lateness, over all subscribers,
 * or what it was advanced to. It never goes back (docs/semantics.md, Clock).
 */
export interface DataRecordClock {
  /** Epoch milliseconds; null before the first record. */
  readonly now: number | null
  /** The greatest event time, epoch milliseconds; null before the first record. */
  readonly latest: number | null
  /** Milliseconds. */
  readonly allowedLateness: number
}

export const unsetClock: DataRecordClock = { now: null, latest: null, allowedLateness: 0 }

/** The clock's reading as a number that can be compared: before the first record, the beginning of time. */
export function reading({ now }: DataRecordClock): number {
  return now ?? -Infinity
}

/** The clock after a record of this event time. The same object if that does not move it. */
export function tick(clock: DataRecordClock, recordedAt: number): DataRecordClock {
  if (clock.latest !== null && recordedAt <= clock.latest) return clock
  return advance({ ...clock, latest: recordedAt }, recordedAt - clock.allowedLateness)
}

/** The clock under another allowed lateness: a smaller one moves it on at once. */
export function setLateness(clock: DataRecordClock, milliseconds: number): DataRecordClock {
  const set = { ...clock, allowedLateness: milliseconds }
  return set.latest === null ? set : advance(set, set.latest - milliseconds)
}

/** The clock after somebody advanced it. */
export function advance(clock: DataRecordClock, to: number): DataRecordClock {
  return clock.now !== null && to <= clock.now ? clock : { ...clock, now: to }
}

/** @param to epoch milliseconds */
export function clockAdvanced(to: number, metadata: Metadata): NewEvent<ClockAdvanced> {
  const at = formatTimestamp(to)
  return { id: advanceId(at), stream: clockStream, type: 'ClockAdvanced', data: { to: at }, metadata }
}

const advanceId = uuidV5Namespace('3b1f0c52-7f0e-5d55-8d0c-2f6a1b9e7a10')
