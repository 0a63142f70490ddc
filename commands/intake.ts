import {
  atTheSameCoordinate,
  rawContinued,
  recordRejected,
  type RecordRejected,
} from '../domain/dead-letter.js'
import type { NewEvent } from '../domain/event.js'
import type { MoneyClockAdvanced } from '../domain/money-clock.js'
import { parseTimestamp } from '../domain/timestamp.js'
import type { Appended, EventStore, Expectation, Placed } from '../event-store/port.js'

/** Whoever brings records in needs the log, and gets it from here. */
export type { EventStore }

/** A source record on its way into the log, as the event that it is: a fact, or a dead letter. */
export interface Arrival {
  readonly event: NewEvent & { readonly metadata: { readonly source: string } }
  readonly kind: string
  /** The record's bytes as they came, should it turn out to be a dead letter. */
  readonly raw: () => Uint8Array
}

export interface RejectedArrival {
  /** Which arrival, from 0. */
  readonly index: number
  readonly code: string
  readonly detail: string
}

export interface Intake {
  /** Wait for it to read what came in; 0 if nothing did. */
  readonly position: number
  readonly appended: number
  /** Records that the log had already, from this source or another one. */
  readonly duplicates: number
  /** Records that carry nothing for us but their time. */
  readonly ignored: number
  readonly rejected: readonly RejectedArrival[]
}

/**
 * Takes records into the log, each once: a record of the same identity and content is a duplicate; one of the
 * same identity and other content becomes a dead letter, and the first one stands (docs/semantics.md, Record
 * identity). A record that this very source brought before, because an earlier attempt was cut short, counts as
 * it counted then.
 *
 * @param fence events of the source's own stream, appended first, at the revisions expected
 * @throws {RevisionConflict} the fence does not hold: somebody else is reading this source
 */
export async function takeIn(
  eventStore: EventStore,
  arrivals: readonly Arrival[],
  fence: { readonly events: readonly NewEvent[]; readonly expect: readonly Expectation[] } = {
    events: [],
    expect: [],
  },
): Promise<Intake> {
  const { facts, indexes, clock } = partOf(arrivals)
  const events = facts.map(({ event }) => event)
  const before = clock ? [...fence.events, clock] : fence.events
  const answer = await eventStore.append([...before, ...events], fence.expect)
  const placed = before.length > 0 ? answer.events.slice(before.length) : answer.events
  const intake = await weigh(eventStore, facts, placed)
  const kept = await keep(
    eventStore,
    intake.conflicts.map((index) => conflictingDuplicate(facts, index)),
  )
  const letters = facts.flatMap(({ event, raw }, index) =>
    isDeadLetter(event) ? [{ event, raw, place: placed[index] }] : [],
  )
  const completed = await complete(eventStore, letters)
  const detail = 'a record of the same identity and other content came first'
  const rejected = [
    ...intake.rejected,
    ...intake.conflicts.map((index) => ({ index, code: 'conflicting-duplicate', detail })),
  ]
  return {
    position: Math.max(answer.position, kept.position, completed.position),
    appended: intake.appended,
    duplicates: intake.duplicates,
    ignored: arrivals.length - facts.length,
    rejected: rejected
      .sort((a, b) => a.index - b.index)
      .map((one) => ({ ...one, index: indexes[one.index] ?? one.index })),
  }
}

/** The facts among arrivals, where each stood, and the latest of the others: one says how far the clock has come. */
function partOf(arrivals: readonly Arrival[]) {
  const facts: Arrival[] = []
  const indexes: number[] = []
  let clock: NewEvent<MoneyClockAdvanced> | undefined
  for (const [index, arrival] of arrivals.entries()) {
    const { event } = arrival
    if (!isTimeOnly(event)) {
      facts.push(arrival)
      indexes.push(index)
    } else if (!clock || parseTimestamp(event.data.to) > parseTimestamp(clock.data.to)) clock = event
  }
  return { facts, indexes, clock }
}

function isTimeOnly(event: NewEvent): event is NewEvent<MoneyClockAdvanced> {
  return event.type === 'MoneyClockAdvanced'
}

/** What became of each arrival. */
async function weigh(eventStore: EventStore, arrivals: readonly Arrival[], placed: readonly Placed[]) {
  let appended = 0
  let duplicates = 0
  const rejected: RejectedArrival[] = []
  const conflicts: number[] = []
  for (const [index, { event }] of arrivals.entries()) {
    const place = placed[index]
    const verdict = place?.duplicate && !isDeadLetter(event) ? await compare(eventStore, event, place) : 'own'
    if (verdict === 'conflict') conflicts.push(index)
    else if (verdict === 'duplicate') duplicates++
    else if (isDeadLetter(event)) rejected.push(rejectionOf(event, index))
    else appended++
  }
  return { appended, duplicates, rejected, conflicts }
}

/** How an event relates to the one in the log that has its id. */
async function compare(
  eventStore: EventStore,
  event: NewEvent,
  { revision }: Placed,
): Promise<'own' | 'duplicate' | 'conflict'> {
  const [original] = await eventStore.readStream(event.stream, { from: revision, limit: 1 })
  if (original?.type !== event.type || JSON.stringify(original.data) !== JSON.stringify(event.data))
    return 'conflict'
  return original.metadata.source === event.metadata.source ? 'own' : 'duplicate'
}

/** A dead letter, and the bytes of its record. */
interface Letter {
  readonly event: NewEvent<RecordRejected>
  readonly raw: () => Uint8Array
}

async function keep(eventStore: EventStore, letters: readonly Letter[]): Promise<Appended> {
  if (letters.length === 0) return nothingAppended
  const kept = await eventStore.append(letters.map(({ event }) => event))
  const placed = letters.map((letter, index) => ({ ...letter, place: kept.events[index] }))
  const completed = await complete(eventStore, placed)
  return { ...kept, position: Math.max(kept.position, completed.position) }
}

/**
 * Dead letters that were taken for others at the same coordinate are appended under one of their own, and what of their
 * bytes they do not hold themselves is appended after them.
 */
async function complete(
  eventStore: EventStore,
  letters: readonly (Letter & { readonly place: Placed | undefined })[],
): Promise<Appended> {
  const events: NewEvent[] = []
  for (const { event, raw, place } of letters) {
    const isOther = place?.duplicate === true && !(await isThere(eventStore, event, place))
    const own = isOther ? atTheSameCoordinate(event, raw()) : event
    if (isOther) events.push(own)
    events.push(...rawContinued(own, raw))
  }
  return events.length > 0 ? eventStore.append(events) : nothingAppended
}

async function isThere(
  eventStore: EventStore,
  { stream, data }: NewEvent<RecordRejected>,
  { revision }: Placed,
): Promise<boolean> {
  const [original] = await eventStore.readStream(stream, { from: revision, limit: 1 })
  const { raw, encoding, size } = (original?.data ?? {}) as Partial<RecordRejected['data']>
  return raw === data.raw && encoding === data.encoding && size === data.size
}

const nothingAppended: Appended = { position: 0, events: [] }

function isDeadLetter(event: NewEvent): event is NewEvent<RecordRejected> {
  return event.type === 'RecordRejected'
}

function conflictingDuplicate(arrivals: readonly Arrival[], index: number): Letter {
  const arrival = arrivals[index]
  if (!arrival) throw new RangeError(`there is no arrival ${index}`)
  const { kind, raw, event } = arrival
  const detail = `${event.type} ${event.id} is in the log already with other content`
  const letter = { kind, reason: 'conflicting-duplicate', detail, raw: raw() }
  return { event: recordRejected(letter, event.metadata), raw }
}

function rejectionOf({ data }: NewEvent, index: number): RejectedArrival {
  const { reason, detail } = data as { reason: string; detail: string }
  return { index, code: reason, detail }
}
