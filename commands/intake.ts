import { atTheSameCoordinate, recordRejected, type RecordRejected } from '../domain/dead-letter.js'
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
  const conflicts = intake.conflicts.map((index) => conflictingDuplicate(facts, index))
  const kept = await keep(eventStore, conflicts)
  const letters = events.flatMap((event, index) =>
    isDeadLetter(event) ? [{ event, place: placed[index] }] : [],
  )
  const apart = await keepApart(eventStore, letters)
  const detail = 'a record of the same identity and other content came first'
  const rejected = [
    ...intake.rejected,
    ...intake.conflicts.map((index) => ({ index, code: 'conflicting-duplicate', detail })),
  ]
  return {
    position: Math.max(answer.position, kept.position, apart.position),
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

async function keep(eventStore: EventStore, letters: readonly NewEvent<RecordRejected>[]): Promise<Appended> {
  if (letters.length === 0) return nothingAppended
  const kept = await eventStore.append(letters)
  const placed = letters.map((event, index) => ({ event, place: kept.events[index] }))
  const apart = await keepApart(eventStore, placed)
  return { ...kept, position: Math.max(kept.position, apart.position) }
}

/** Dead letters that were taken for others at the same coordinate are appended under one of their own. */
async function keepApart(
  eventStore: EventStore,
  letters: readonly { readonly event: NewEvent<RecordRejected>; readonly place: Placed | undefined }[],
): Promise<Appended> {
  const others: NewEvent<RecordRejected>[] = []
  for (const { event, place } of letters) {
    if (!place?.duplicate) continue
    const [original] = await eventStore.readStream(event.stream, { from: place.revision, limit: 1 })
    const { raw, encoding } = (original?.data ?? {}) as Partial<RecordRejected['data']>
    if (raw !== event.data.raw || encoding !== event.data.encoding) others.push(atTheSameCoordinate(event))
  }
  return others.length > 0 ? eventStore.append(others) : nothingAppended
}

const nothingAppended: Appended = { position: 0, events: [] }

function isDeadLetter(event: NewEvent): event is NewEvent<RecordRejected> {
  return event.type === 'RecordRejected'
}

function conflictingDuplicate(arrivals: readonly Arrival[], index: number): NewEvent<RecordRejected> {
  const arrival = arrivals[index]
  if (!arrival) throw new RangeError(`there is no arrival ${index}`)
  const { kind, raw, event } = arrival
  const detail = `${event.type} ${event.id} is in the log already with other content`
  return recordRejected({ kind, reason: 'conflicting-duplicate', detail, raw: raw() }, event.metadata)
}

function rejectionOf({ data }: NewEvent, index: number): RejectedArrival {
  const { reason, detail } = data as { reason: string; detail: string }
  return { index, code: reason, detail }
}
