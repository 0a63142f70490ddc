import type { FastifyBaseLogger, FastifyInstance, FastifyTypeProvider, RawServerDefault } from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Static, TSchema } from 'typebox'
import type { Metric } from 'prom-client'
import type { AvroDecoder } from '../bridge/kafka/avro.js'
import type { EventStore } from '../event-store/port.js'
import type { Projection } from '../projections/projection.js'
import type { CaughtUp } from '../projections/queries/caught-up.js'
import type { ReadStore } from '../projections/queries/live.js'
import type { IdempotentRequests } from './idempotency.js'
import type { LongReads } from './long-reads.js'
import type { Metrics } from './metrics.js'
import type { TimeTravel } from './time-travel.js'

/** What the resources are made of. */
export interface Services {
  readonly eventStore: EventStore
  readonly readStore: ReadStore
  readonly projections: readonly Projection[]
  /** For requests with `minPosition`. */
  readonly caughtUp: CaughtUp
  /** For requests with `asOf`. */
  readonly timeTravel: TimeTravel
  /** For requests that read the log. */
  readonly longReads: LongReads
  /** For requests with an `Idempotency-Key`. */
  readonly idempotent: IdempotentRequests
  readonly metrics: Metrics
  /** For dead letters in Avro. */
  readonly avro: AvroDecoder
  /** If it runs in this process. */
  readonly bridge: BridgeHealth | undefined
}

/** What the API shows of a bridge in its process. */
export interface BridgeHealth {
  /** What does not work at the moment, as sentences. */
  troubles(): readonly string[]
  readonly metrics: readonly Metric[]
}

/** Requests have the types of their schemas. Answers are mostly JSON text that is stored already: any text may go. */
export interface RouteTypes extends FastifyTypeProvider {
  readonly validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown
  readonly serializer: unknown
}

export type Server = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  RouteTypes
>
