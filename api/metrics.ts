import { collectDefaultMetrics, Counter, Gauge, Registry, type Metric } from 'prom-client'
import type { EventStore } from '../event-store/port.js'
import { deadLetters } from '../projections/dead-letters/dead-letters.js'
import type { Projection } from '../projections/projection.js'
import type { ReadStore } from '../projections/queries/live.js'
import { documentsOf, projectionStates, type ProjectionState } from '../projections/running/status.js'
import { HttpDurations } from './duration-histogram.js'
import { answerOf, lastAnswerOf } from './answer-soon.js'
import { decorated } from '../event-store/decorated.js'

/** What became of a record that came in. */
export type RecordOutcome = 'appended' | 'duplicate' | 'ignored' | 'rejected'

/** What the service counts about itself. */
export interface Metrics {
  readonly http: HttpDurations
  records(kind: string, outcome: RecordOutcome, count: number): void
  /** The same event store, with every event counted that it appends. */
  counting(eventStore: EventStore): EventStore
  /**
   * All figures in the text format of Prometheus; those of log and projections as of now, but for the documents where
   * counting them takes long: then as counted last. What a store does not tell is left out: the rest is needed most then.
   */
  text(): Promise<string>
  readonly contentType: string
}

export interface MetricsOptions {
  readonly eventStore: EventStore
  readonly readStore: ReadStore
  readonly projections: readonly Projection[]
  /** Figures of other parts of the process. */
  readonly more?: readonly Metric[]
}

export function metricsOf({ eventStore, readStore, projections, more = [] }: MetricsOptions): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const http = new HttpDurations()
  for (const metric of [http, ...more]) registry.registerMetric(metric)
  const appended = new Counter({
    name: 'tidemark_events_appended_total',
    help: 'Events that HTTP requests appended to the log.',
    registers: [registry],
  })
  const records = new Counter({
    name: 'tidemark_records_total',
    help: 'Records that came in over HTTP, by what became of them.',
    labelNames: ['kind', 'outcome'],
    registers: [registry],
  })
  const showUp = storeGauge(registry)
  const showHead = logGauge(registry)
  const showStates = projectionGauges(registry)
  const showDocuments = documentGauges(registry)
  const counted = lastAnswerOf(() => countAll(projections, readStore))
  /** Undefined if the store does not answer. */
  const ask = <T>(work: () => Promise<T>) => answerOf(work).catch(() => undefined)
  return {
    http,
    contentType: registry.contentType,
    records: (kind, outcome, count) => {
      if (count > 0) records.inc({ kind, outcome }, count)
    },
    counting: (store) => countingAppends(store, (count) => appended.inc(count)),
    text: async () => {
      const [head, builds, states, documents] = await Promise.all([
        ask(() => eventStore.head()),
        ask(() => readStore.all()),
        ask(() => projectionStates(projections, eventStore, readStore)),
        counted(),
      ])
      showUp({ log: head !== undefined, 'read-models': builds !== undefined })
      showHead(head)
      showStates(states)
      showDocuments(documents)
      return registry.metrics()
    },
  }
}

function countingAppends(eventStore: EventStore, count: (events: number) => void): EventStore {
  return decorated(eventStore, {
    append: async (events, expect) => {
      const appended = await eventStore.append(events, expect)
      let added = 0
      for (const { duplicate } of appended.events) if (!duplicate) added++
      count(added)
      return appended
    },
  })
}

function storeGauge(registry: Registry): (up: Readonly<Record<string, boolean>>) => void {
  const gauge = new Gauge({
    name: 'tidemark_store_up',
    help: '1 if the store answers, 0 if it does not: then figures that come from it are left out.',
    labelNames: ['store'],
    registers: [registry],
  })
  return (up) => {
    for (const [store, isUp] of Object.entries(up)) gauge.set({ store }, Number(isUp))
  }
}

/** Shows where the log ends; nothing if that is unknown. */
function logGauge(registry: Registry): (head: number | undefined) => void {
  const gauge = new Gauge({
    name: 'tidemark_log_head_position',
    help: 'The position of the last event of the log, whoever appended it.',
    registers: [registry],
  })
  return (head) => (head === undefined ? gauge.remove() : gauge.set(head))
}

const states = ['live', 'catching-up', 'failed', 'missing'] as const

/** Shows what is known of the projections; nothing if that is unknown. */
function projectionGauges(registry: Registry): (states: readonly ProjectionState[] | undefined) => void {
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge({ name: `tidemark_${name}`, help, labelNames, registers: [registry] })
  const position = gauge(
    'projection_position',
    'Up to where in the log the documents are built.',
    'projection',
  )
  const lag = gauge('projection_lag', 'How many positions of the log are to come.', 'projection')
  const stateHelp = '1 for the state that the projection is in, 0 for the others.'
  const state = gauge('projection_state', stateHelp, 'projection', 'state')
  return (known = []) => {
    for (const labelled of [position, lag, state]) labelled.reset()
    for (const one of known) {
      const projection = one.name
      position.set({ projection }, one.position)
      lag.set({ projection }, one.lag)
      for (const name of states) state.set({ projection, state: name }, Number(one.state === name))
    }
  }
}

/** How many documents each projection has. */
type Counts = ReadonlyMap<string, number>

async function countAll(projections: readonly Projection[], readStore: ReadStore): Promise<Counts> {
  const counts = new Map<string, number>()
  for (const projection of projections) counts.set(projection.name, await documentsOf(projection, readStore))
  return counts
}

/** Shows how many documents there are; nothing if that is unknown. */
function documentGauges(registry: Registry): (counts: Counts | undefined) => void {
  const documents = new Gauge({
    name: 'tidemark_projection_documents',
    help: 'How many documents there are.',
    labelNames: ['projection'],
    registers: [registry],
  })
  const letters = new Gauge({
    name: 'tidemark_dead_letters',
    help: 'Records that could not be used and wait to be looked at.',
    registers: [registry],
  })
  return (counts = new Map<string, number>()) => {
    documents.reset()
    letters.remove()
    for (const [projection, count] of counts) documents.set({ projection }, count)
    const waiting = counts.get(deadLetters.name)
    if (waiting !== undefined) letters.set(waiting)
  }
}
