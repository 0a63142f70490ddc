import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { LoggerOptions } from 'pino'
import { avroDecoder } from '../bridge/kafka/avro.js'
import type { EventStore } from '../event-store/port.js'
import type { Projection } from '../projections/projection.js'
import { CaughtUp } from '../projections/queries/caught-up.js'
import type { ReadStore } from '../projections/queries/live.js'
import { rebuild } from '../projections/running/rebuild.js'
import { agreementRoutes } from './agreements.js'
import { refuseAsOfElsewhere } from './as-of-elsewhere.js'
import { billableEventRoutes } from './billable-events.js'
import { billableTypeRoutes } from './billable-types.js'
import { billingPeriodRoutes } from './billing-periods.js'
import { clockRoutes } from './clocks.js'
import { customerRoutes } from './customers.js'
import { dataRecordRoutes } from './data-records.js'
import { deadLetterRoutes } from './dead-letters.js'
import { explanationRoutes } from './explanations.js'
import { handleClientError, handleError, notFound, sendProblem } from './error-handler.js'
import { healthRoutes } from './health.js'
import { IdempotentRequests } from './idempotency.js'
import { takeJson } from './json-body.js'
import { KeptAnswers } from './kept-answers.js'
import { defaultLongReadLimits, LongReads, type LongReadLimits } from './long-reads.js'
import { refuseOtherMethods } from './method-not-allowed.js'
import { metricsRoute } from './metrics-route.js'
import { moneyEventRoutes } from './money-events.js'
import { notificationRoutes } from './notifications.js'
import { describeRoutes, documentationRoutes } from './openapi.js'
import { projectionRoutes } from './projections.js'
import { metricsOf } from './metrics.js'
import { Rebuilds, type Rebuild } from './rebuilds.js'
import { recordDurations } from './record-durations.js'
import type { BridgeHealth, RouteTypes, Server, Services } from './services.js'
import { sessionRoutes } from './sessions.js'
import { streamRoutes } from './streams.js'
import { TimeTravel } from './time-travel.js'
import { compileValidator } from './validation.js'

export interface ServerOptions {
  readonly eventStore: EventStore
  readonly readStore: ReadStore
  readonly projections: readonly Projection[]
  /** Of the program, for the OpenAPI document. */
  readonly version: string
  /** A pino logger, options for one, or false (default) for silence. Only slow and failed requests are logged. */
  readonly logger?: FastifyBaseLogger | LoggerOptions | false
  /** How long a request with `minPosition` waits at most, in milliseconds. Default 10 s. */
  readonly readPatience?: number
  /** How long a request for a rebuild waits for it, in milliseconds; what takes longer goes on alone. Default 2 s. */
  readonly rebuildPatience?: number
  /** How many requests may read the log at a time (with `asOf`, or to explain), and how many more wait for it. */
  readonly longReads?: LongReadLimits
  /** From how many milliseconds on a request is logged as slow. Default 1 s. */
  readonly slowRequest?: number
  /** How long requests that are under way may take when the server closes, in milliseconds. Default 10 s. */
  readonly farewell?: number
  /**
   * How a projection is rebuilt. Default: in this thread, where a page of 10,000 events keeps requests waiting for as
   * long as it takes. A process that serves many should do it in another one.
   */
  readonly rebuild?: Rebuild
  /** Whether there is more to serve than `/health`, `/metrics` and their description. Default true. */
  readonly resources?: boolean
  /** The schema registry, for dead letters in Avro. Default: there is none. */
  readonly schemaRegistry?: string
  /** The bridge that runs in this process: its figures are served, and whether it is ready. */
  readonly bridge?: BridgeHealth
}

/** Room for 10,000 records of twice the usual size, in bytes. */
const bodyLimit = 16 * 1024 * 1024
/** How long a client may take to send a request, in milliseconds. */
const requestTimeout = 60_000
/** How long requests that are under way may take when the server closes, in milliseconds. */
const farewell = 10_000
/** An id of 200 characters may become 2,400 when it is escaped. */
const maxParamLength = 4_096

/**
 * The HTTP API over a log and its read models, ready to `listen` or to be asked by `inject`. Its routes are listed in
 * its own `/openapi.json`. Stores and projections belong to the caller: close the server first, then them. Closing lets
 * requests in flight finish, but those that wait for a `minPosition` are told to come again.
 */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const { eventStore, readStore, projections, bridge } = options
  const metrics = metricsOf({ eventStore, readStore, projections, more: bridge?.metrics ?? [] })
  const keptAnswers = new KeptAnswers(readStore, metrics.http)
  const server = Fastify({
    serverFactory: keptAnswers.serverFactory,
    ...loggerOf(options.logger ?? false),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit,
    requestTimeout,
    routerOptions: { maxParamLength },
    // Those that are under way finish; the socket stops taking new ones.
    return503OnClosing: false,
    clientErrorHandler: handleClientError,
    frameworkErrors: (error, request, reply) => void handleError(error, request, reply),
  })
  const api: Server = server.withTypeProvider<RouteTypes>()
  const counted = metrics.counting(eventStore)
  const caughtUp = new CaughtUp({
    eventStore,
    readStore,
    projections,
    patience: options.readPatience ?? 10_000,
  })
  const longReads = new LongReads(options.longReads ?? defaultLongReadLimits)
  const services: Services = {
    eventStore: counted,
    readStore,
    projections,
    caughtUp,
    longReads,
    timeTravel: new TimeTravel({ eventStore, caughtUp, longReads }),
    idempotent: new IdempotentRequests(counted),
    metrics,
    avro: avroDecoder(options.schemaRegistry),
    bridge,
  }
  const inThisThread: Rebuild = (projection, how) => rebuild(projection, { eventStore, readStore, ...how })
  const rebuilds = new Rebuilds(options.rebuild ?? inThisThread, (projection, error) =>
    server.log.error({ err: error, projection }, 'a rebuild failed'),
  )

  // One logger for all: a child for every request costs 2 µs, and few requests have anything to say.
  server.setChildLoggerFactory((logger) => logger)
  server.setValidatorCompiler(compileValidator)
  server.setSerializerCompiler(() => (answer) => JSON.stringify(answer))
  server.setErrorHandler(handleError)
  server.setNotFoundHandler((request, reply) => sendProblem(reply, notFound(request)))
  takeJson(server)
  recordDurations(api, metrics.http, options.slowRequest ?? 1_000)
  keptAnswers.keepAnswersOf(api)
  await describeRoutes(server, options.version)
  refuseAsOfElsewhere(api)
  const refuseOthers = refuseOtherMethods(api)
  if (options.resources ?? true) {
    resourceRoutes(api, services)
    projectionRoutes(api, services, rebuilds, options.rebuildPatience ?? 2_000)
  }
  healthRoutes(api, services)
  metricsRoute(api, services)
  documentationRoutes(api)
  refuseOthers()

  server.addHook('preClose', async () => {
    keptAnswers.stop()
    services.caughtUp.stop()
    services.longReads.stop()
    await rebuilds.stop()
    // A client that has connected and sends nothing, or half a request, could keep the server for ever.
    setTimeout(() => server.server.closeAllConnections(), options.farewell ?? farewell).unref()
  })
  await server.ready()
  return server
}

function resourceRoutes(api: Server, services: Services): void {
  agreementRoutes(api, services)
  billingPeriodRoutes(api, services)
  dataRecordRoutes(api, services)
  notificationRoutes(api, services)
  explanationRoutes(api, services)
  clockRoutes(api, services)
  billableEventRoutes(api, services)
  customerRoutes(api, services)
  billableTypeRoutes(api, services)
  moneyEventRoutes(api, services)
  sessionRoutes(api, services)
  deadLetterRoutes(api, services)
  streamRoutes(api, services)
}

function loggerOf(logger: FastifyBaseLogger | LoggerOptions | false) {
  if (logger === false) return { logger }
  return 'info' in logger ? { loggerInstance: logger } : { logger }
}
