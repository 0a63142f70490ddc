import type { Kafka, Message } from 'kafkajs'
import type { EventStore } from '../../commands/intake.js'
import { lastSinkClaim, SinkFenced, sinkStandingOf, SinkWriter } from '../../commands/write-sink.js'
import type { RecordedEvent } from '../../domain/event.js'
import { Backoff, pause } from './backoff.js'
import { rootOf } from './errors.js'
import type { BridgeFigures } from './figures.js'
import type { Output } from './outputs.js'
import type { BridgeReport } from './reports.js'
import { Sending, SequenceBroken, type Again } from './sending.js'
import type { Troubles } from './troubles.js'

/** The id of the event: whoever gets a message twice knows it by this. */
const idHeader = 'event-id'
const typeHeader = 'event-type'

export interface PublisherOptions {
  readonly eventStore: EventStore
  readonly kafka: Kafka
  readonly group: string
  readonly topic: string
  readonly output: Output
  readonly figures: BridgeFigures
  readonly troubles: Troubles
  readonly report: (report: BridgeReport) => void
  /** How long an output is left to a publisher of another group without any progress, in milliseconds. */
  readonly abandoned: number
  /** Does this member belong to the group, as the brokers have it? */
  readonly isMember: (member: string) => Promise<boolean>
}

const eventsAPage = 1_000
/** After so many positions without an event to publish, the place is said all the same. */
const positionsUnsaid = 10_000

/**
 * Publishes events of the log to a topic, in the order of the log, until `signal` aborts. A page is said to be published
 * after the brokers have it: what was in hand at a crash is published again, under the same ids. Where another publisher
 * takes over, this one waits.
 */
export async function publish(options: PublisherOptions, member: string, signal: AbortSignal): Promise<void> {
  const { topic, figures, troubles } = options
  try {
    while (!signal.aborted) await publishUntilFenced(options, member, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    troubles.over(topic)
    figures.publishesNot(topic)
  }
}

async function publishUntilFenced(
  options: PublisherOptions,
  member: string,
  signal: AbortSignal,
): Promise<void> {
  const { eventStore, topic, group, figures, report } = options
  const isFenced = (error: unknown) => error instanceof SinkFenced
  const same = tryingAgain(options, signal, (error) => isFenced(error) || error instanceof SequenceBroken)
  const afresh = tryingAgain(options, signal, isFenced)
  try {
    // Where a producer cannot go on, another one begins with the page that is not known to be published.
    await afresh(() => publishOn(options, member, signal, same))
  } catch (error) {
    if (!isFenced(error)) throw error
    const rival = await afresh(() => lastSinkClaim(eventStore, topic))
    figures.fenced(topic)
    figures.publishesNot(topic)
    report({ type: 'fenced', what: topic, by: rival?.group ?? 'another publisher' })
    // A member that led the group before may have claimed it too late. It knows better by now.
    if (rival?.group === group && (await afresh(() => options.isMember(member)))) return
    await afresh(() => untilAbandoned(options, signal))
  }
}

/** Waits until there is something to publish, and nobody has done so for a while. */
async function untilAbandoned(
  { eventStore, topic, output, abandoned }: PublisherOptions,
  signal: AbortSignal,
): Promise<void> {
  let before = -1
  while (!signal.aborted) {
    const { revision, position } = await sinkStandingOf(eventStore, topic)
    if (revision === before && (await hasEvents(eventStore, position, output.categories))) return
    before = revision
    await pause(abandoned, signal)
  }
}

/** Whether events of some categories come after a position. Pages may be empty on the way to them. */
async function hasEvents(
  eventStore: EventStore,
  after: number,
  categories: readonly string[],
): Promise<boolean> {
  for (;;) {
    const { events, position } = await eventStore.readAll({ after, limit: 1, categories })
    if (events.length > 0) return true
    if (position <= after) return false
    after = position
  }
}

async function publishOn(
  { eventStore, kafka, group, topic, output, figures, report }: PublisherOptions,
  member: string,
  signal: AbortSignal,
  again: Again,
): Promise<void> {
  // First, because each claim is an event: none is made for a producer that cannot be opened.
  const sending = await Sending.open(kafka, topic)
  try {
    const sink = await SinkWriter.claim(eventStore, { topic, group, member })
    report({ type: 'publishing', topic, position: sink.position })
    const { categories } = output
    const types = new Set(output.types)
    let seen = sink.position
    for await (const page of eventStore.follow({ after: seen, limit: eventsAPage, categories }, signal)) {
      seen = page.position
      const events = page.events.filter(({ type }) => types.has(type))
      await sending.send(
        events.map((event) => messageOf(event, output)),
        again,
      )
      // Our own saying where we are makes the log longer: alone it is no reason to say it again.
      if (events.length > 0 || seen - sink.position >= positionsUnsaid) {
        await again(() => sink.progress(seen, events.length))
      }
      figures.published(topic, events.length)
      figures.publishedTo(topic, seen)
    }
    if (seen > sink.position) await sink.progress(seen, 0)
  } finally {
    await sending.close().catch((error: unknown) => {
      report({ type: 'client', part: topic, message: rootOf(error).message })
    })
  }
}

function messageOf(event: RecordedEvent, output: Output): Message {
  const { key, timestamp, value } = output.message(event)
  return {
    key,
    timestamp: String(timestamp),
    value: JSON.stringify(value),
    headers: { [idHeader]: event.id, [typeHeader]: event.type },
  }
}

/** Tries again what fails, with growing pauses, until `signal` aborts or it is no use. */
function tryingAgain(
  { topic, troubles }: PublisherOptions,
  signal: AbortSignal,
  isNoUse: (error: unknown) => boolean,
): Again {
  const backoff = new Backoff()
  return async (work) => {
    for (;;) {
      try {
        const result = await work()
        backoff.reset()
        troubles.over(topic)
        return result
      } catch (error) {
        if (signal.aborted || isNoUse(error)) throw error
        const wait = backoff.next()
        troubles.met(topic, rootOf(error), wait)
        await pause(wait, signal)
        if (signal.aborted) throw error
      }
    }
  }
}
