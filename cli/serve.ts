import { readFile } from 'node:fs/promises'
import { once } from 'node:events'
import pino from 'pino'
import { buildServer } from '../api/server.js'
import { projections } from '../projections/index.js'
import { WrongUsage, type Context } from './command.js'
import { openSystem } from './compose.js'
import { portOf } from './config.js'

const roles = ['api', 'projector'] as const
type Role = (typeof roles)[number]

/** How often to look whether the process that runs the projections has ended, in milliseconds. */
const lookAgainAfter = 1_000

export interface ServeOptions {
  readonly roles?: string
  readonly host?: string
  readonly port?: string
}

/** `tidemark serve`: API and projections in one process, until it is told to stop. */
export async function serve(options: ServeOptions, { config }: Context): Promise<void> {
  const chosen = rolesOf(options.roles)
  const logger = pino({ level: config.logLevel })
  const system = await openSystem(config, (report) => {
    if (report.type === 'failed' || report.type === 'trouble') logger.error(report)
    else logger.info(report)
  })
  const stopped = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  let takeOver: NodeJS.Timeout | undefined
  if (chosen.has('projector')) {
    if (!(await system.project())) logger.warn('another process runs the projections of this folder')
    takeOver = setInterval(() => void system.project(), lookAgainAfter)
  }
  if (chosen.has('api')) {
    const { eventStore, readStore } = system
    const server = await buildServer({
      eventStore,
      readStore,
      projections,
      logger,
      version: await versionOf(),
    })
    const host = options.host ?? config.host
    const port = options.port === undefined ? config.port : portOf(options.port)
    await server.listen({ host, port })
    await stopped
    await server.close()
  } else await stopped
  clearInterval(takeOver)
  logger.info('stopping')
  await system.close()
}

function rolesOf(value: string | undefined): ReadonlySet<Role> {
  if (value === undefined) return new Set(roles)
  const chosen = value.split(',').map((name) => roles.find((role) => role === name.trim()))
  if (chosen.some((role) => role === undefined)) {
    throw new WrongUsage(
      `--roles is ${JSON.stringify(value)}: it takes some of ${roles.join(', ')}, with commas between`,
    )
  }
  return new Set(chosen.filter((role) => role !== undefined))
}

async function versionOf(): Promise<string> {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(await readFile(file, 'utf8')) as { version: string }).version
}
