import { closeSync, existsSync, openSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { Temporal } from 'temporal-polyfill'
import type { KafkaSettings } from '../bridge/kafka/settings.js'
import type { SessionRules } from '../domain/session-rules.js'
import { isTimeZone } from '../domain/time-zone.js'
import { enginesOf } from './engine-settings.js'
import type { EngineSettings } from './engines.js'
import { InvalidSetting } from './invalid-setting.js'
import { httpAddressOf } from './http-address.js'
import { kafkaSettings, schemaRegistryOf } from './kafka-settings.js'

/** Everything that can be set from outside. docs/operations.md lists the variables. */
export interface Config {
  /** The folder of the embedded engine, absolute: samples and standard input are kept there in any case. */
  readonly data: string
  readonly engines: EngineSettings
  readonly host: string
  /** Undefined: none is set. */
  readonly port: number | undefined
  readonly logLevel: LogLevel
  /** Milliseconds. Undefined: the one of the log, which is none for a new one. */
  readonly allowedLateness: number | undefined
  /** Undefined: the one that the log is billed in, which is UTC for a new one. */
  readonly billingTimeZone: string | undefined
  /** The bridge is on if it is there. */
  readonly kafka?: KafkaSettings | undefined
  /** For records in Avro. With user and password, if it wants them: not to be printed. */
  readonly schemaRegistry?: string | undefined
  /** A rule that is not there is the one of the log, or the usual one for a new one. */
  readonly sessionRules: Partial<SessionRules>
  /** Of the session service; it may hold a password. */
  readonly sessionServiceUrl?: string
}

/** Where the API listens if no port is set. */
export const usualPort = 3000

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

export { InvalidSetting }

/**
 * Reads the environment, and `.env` for what the environment does not set.
 *
 * @param data the folder, if it was given on the command line
 * @throws {InvalidSetting}
 */
export function loadConfig(data?: string): Config {
  readEnvFile('.env')
  const { env } = process
  if (data === '') throw new InvalidSetting('--data is empty: it takes a folder')
  const folder = folderOf(data ?? (env.TIDEMARK_DATA || './data'))
  return {
    data: folder,
    engines: enginesOf(folder, env),
    host: hostOf(env.HOST || '127.0.0.1'),
    port: env.PORT ? portOf(env.PORT) : undefined,
    logLevel: logLevelOf(env.LOG_LEVEL || 'info'),
    allowedLateness: durationOf('ALLOWED_LATENESS', env.ALLOWED_LATENESS),
    billingTimeZone: timeZoneOf('BILLING_TIME_ZONE', env.BILLING_TIME_ZONE || undefined),
    kafka: kafkaSettings(env),
    schemaRegistry: schemaRegistryOf(env.SCHEMA_REGISTRY_URL),
    sessionRules: sessionRulesOf(env),
    ...(env.SESSION_SERVICE_URL && { sessionServiceUrl: serviceUrlOf(env.SESSION_SERVICE_URL) }),
  }
}

function readEnvFile(path: string): void {
  if (!existsSync(path)) return
  try {
    // Opened first, because loading says of a file that cannot be read that there is none.
    closeSync(openSync(path, 'r'))
    process.loadEnvFile(path)
  } catch (error) {
    const why = statSync(path).isDirectory() ? 'it is a folder' : (error as Error).message
    throw new InvalidSetting(`${path} cannot be read: ${why}`)
  }
}

function folderOf(value: string): string {
  const folder = resolve(value)
  try {
    if (statSync(folder).isDirectory()) return folder
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return folder
    throw new InvalidSetting(
      `the data folder is ${folder}, which cannot be reached: ${(error as Error).message}`,
    )
  }
  throw new InvalidSetting(`the data folder is ${folder}, which is no folder`)
}

/**
 * An IP address or a host name by RFC 1123; one that ends in a number would be a mistyped address.
 *
 * @throws {InvalidSetting}
 */
export function hostOf(value: string): string {
  const labels = value.split('.')
  const isName =
    value.length <= 253 &&
    labels.every((label) => /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/i.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? '')
  if (isIP(value) || isName) return value
  throw new InvalidSetting(`HOST is ${JSON.stringify(value)}: it takes an IP address or a host name`)
}

/** @throws {InvalidSetting} */
export function portOf(value: string): number {
  const port = Number(value)
  if (!/^\d+$/.test(value) || port > 65535) {
    throw new InvalidSetting(`PORT is ${JSON.stringify(value)}: it takes a number from 0 to 65535`)
  }
  return port
}

function logLevelOf(value: string): LogLevel {
  const level = logLevels.find((known) => known === value)
  if (!level)
    throw new InvalidSetting(`LOG_LEVEL is ${JSON.stringify(value)}: it takes one of ${logLevels.join(', ')}`)
  return level
}

function timeZoneOf(name: string, value: string | undefined): string | undefined {
  if (value === undefined || isTimeZone(value)) return value
  throw new InvalidSetting(
    `${name} is ${JSON.stringify(value)}: it takes a name of the IANA database, such as Europe/Warsaw`,
  )
}

/** What is wrong is not repeated: a URL may hold a password. */
function serviceUrlOf(value: string): string {
  return httpAddressOf('SESSION_SERVICE_URL', value, 'http://localhost:8080')
}

function sessionRulesOf(env: NodeJS.ProcessEnv): Partial<SessionRules> {
  const timeToLive = durationOf('SESSION_TTL', env.SESSION_TTL)
  const wait = durationOf('SESSION_WAIT', env.SESSION_WAIT)
  return { ...(timeToLive !== undefined && { timeToLive }), ...(wait !== undefined && { wait }) }
}

/** An ISO 8601 duration of fixed length (days are 24 hours, weeks are 7 of them), in milliseconds; undefined if it is not set. */
function durationOf(name: string, value: string | undefined): number | undefined {
  if (!value) return undefined
  const fault = `${name} is ${JSON.stringify(value)}: it takes an ISO 8601 duration of up to weeks, such as PT20S or P1D`
  let milliseconds: number
  try {
    const duration = Temporal.Duration.from(value)
    if (duration.years || duration.months) throw new RangeError(fault)
    milliseconds = duration.with({ weeks: 0, days: duration.days + 7 * duration.weeks }).total('milliseconds')
  } catch {
    throw new InvalidSetting(fault)
  }
  if (milliseconds < 0 || !Number.isSafeInteger(milliseconds)) throw new InvalidSetting(fault)
  return milliseconds
}
