import { once } from 'node:events'
import pino, { type Logger } from 'pino'
import { buildServer } from '../api/server.js'
import type { Bridge } from '../bridge/kafka/bridge.js'
import { projections } from '../projections/index.js'
import { WrongUsage, type Context } from './command.js'
import { openSystem, type System } from './compose.js'
import { hostOf, portOf, usualPort, type Config } from './config.js'
import { severityOf } from './severity.js'
import { programVersion } from './version.js'

const roles = ['api', 'projector', 'bridge'] as const
type Role = (typeof roles)[number]

/** How often to look whether the process that runs the projections has ended, in milliseconds. */
const lookAgainAfter = 1_000

export interface ServeOptions {
  readonly roles?: string
  readonly host?: string
  readonly port?: string
}

/** `tidemark serve`: API, projections and bridge in one process, until it is told to stop. */
export async function serve(options: ServeOptions, { config }: Context): Promise<void> {
  const chosen = rolesOf(options.roles, config)
  const address = addressOf(chosen, options, config)
  const logger = pino({ level: config.logLevel })
  const system = await openSystem(config, (report) => logger[severityOf(report)](report))
  const stopped = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  let takeOver: NodeJS.Timeout | undefined
  let bridge: Bridge | undefined
  let closeServer: (() => Promise<void>) | undefined
  try {
    await system.settleBillingTimeZone()
    if (chosen.has('projector')) {
      if (!(await system.project())) logger.warn('another process runs the projections of this folder')
      takeOver = setInterval(() => {
        system.project().catch((error: unknown) => logger.warn(error, 'the projections cannot be run here'))
      }, lookAgainAfter)
    }
    if (chosen.has('bridge')) bridge = await bridgeOf(system, config, logger)
    if (address) closeServer = await listen(address, chosen, system, config, logger, bridge)
    else logger.info('no port is set: health and metrics are not served')
    // A bridge ends by itself only if it could not be started.
    await Promise.race([stopped, ...(bridge ? [bridge.ended] : [])])
  } finally {
    logger.info('stopping')
    await closeServer?.()
    await bridge?.stop()
    clearInterval(takeOver)
    await system.close()
  }
}

interface Address {
  readonly host: string
  readonly port: number
}

/**
 * Where to listen. A process that is no API has nothing to serve but its health and its metrics: it does so at a port
 * that was given to it, and takes none by itself, so that any number of them can run on one machine.
 */
function addressOf(chosen: ReadonlySet<Role>, options: ServeOptions, config: Config): Address | undefined {
  const host = options.host === undefined ? config.host : hostOf(options.host)
  const given = options.port === undefined ? config.port : portOf(options.port)
  const port = given ?? (chosen.has('api') ? usualPort : undefined)
  return port === undefined ? undefined : { host, port }
}

/** The address cannot be listened at. The message names it, and what to do about it. */
class CannotListen extends Error {
  readonly code = 'cannot-listen'
  constructor({ host, port }: Address, cause: unknown) {
    const { code = '', message } = cause as NodeJS.ErrnoException
    super(`cannot listen at HOST ${host}, PORT ${port}: ${listenAdvice[code] ?? message}`, { cause })
  }
}

const notOfThisMachine =
  'this machine has no such address; set HOST to one that it has, or to 0.0.0.0 for all'
const listenAdvice: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there; stop it, or set another PORT',
  EADDRNOTAVAIL: notOfThisMachine,
  ENOTFOUND: notOfThisMachine,
  EAI_AGAIN: 'the name cannot be looked up now; set HOST to an IP address',
  EACCES: 'this user may not take that port; set PORT to 1024 or more',
}

/** Serves the API, or only health and metrics; answers how to stop that. */
async function listen(
  address: Address,
  chosen: ReadonlySet<Role>,
  { eventStore, readStore }: System,
  { schemaRegistry }: Config,
  logger: Logger,
  bridge: Bridge | undefined,
): Promise<() => Promise<void>> {
  const server = await buildServer({
    eventStore,
    readStore,
    projections,
    logger,
    version: programVersion(),
    resources: chosen.has('api'),
    ...(schemaRegistry === undefined ? {} : { schemaRegistry }),
    ...(bridge ? { bridge } : {}),
  })
  await server.listen(address).catch((error: unknown) => {
    throw new CannotListen(address, error)
  })
  return () => server.close()
}

async function bridgeOf(
  { eventStore }: System,
  { kafka, schemaRegistry }: Config,
  logger: Logger,
): Promise<Bridge | undefined> {
  if (!kafka) return undefined
  // Its client takes a while to load, and most processes do without.
  const { startBridge } = await import('../bridge/kafka/bridge.js')
  return startBridge({
    eventStore,
    settings: kafka,
    ...(schemaRegistry === undefined ? {} : { schemaRegistry }),
    report: (report) => logger[severityOf(report)](report),
  })
}

/** @returns the roles of this process: by default all that are configured */
function rolesOf(value: string | undefined, { kafka }: Config): ReadonlySet<Role> {
  if (value === undefined) return new Set(roles.filter((role) => role !== 'bridge' || kafka))
  const chosen = value.split(',').map((name) => roles.find((role) => role === name.trim()))
  if (chosen.some((role) => role === undefined)) {
    throw new WrongUsage(
      `--roles is ${JSON.stringify(value)}: it takes some of ${roles.join(', ')}, with commas between`,
    )
  }
  if (chosen.includes('bridge') && !kafka) {
    throw new WrongUsage('--roles has bridge, but KAFKA_BROKERS is not set: say where Kafka is')
  }
  return new Set(chosen.filter((role) => role !== undefined))
}
