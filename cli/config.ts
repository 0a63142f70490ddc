import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Temporal } from 'temporal-polyfill'
import type { EngineSettings } from './engines.js'

/** Everything that can be set from outside. docs/operations.md lists the variables. */
export interface Config {
  /** The folder of the embedded engine, absolute: samples and standard input are kept there in any case. */
  readonly data: string
  readonly engines: EngineSettings
  readonly host: string
  readonly port: number
  readonly logLevel: LogLevel
  /** Milliseconds. */
  readonly allowedLateness: number
}

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** A setting that cannot be used. The message names it, its value and what would be accepted. */
export class InvalidSetting extends Error {
  readonly code = 'invalid-setting'
}

/**
 * Reads the environment, and `.env` for what the environment does not set.
 *
 * @param data the folder, if it was given on the command line
 * @throws {InvalidSetting}
 */
export function loadConfig(data?: string): Config {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const { env } = process
  const folder = resolve(data ?? (env.TIDEMARK_DATA || './data'))
  return {
    data: folder,
    engines: enginesOf(folder, env),
    host: env.HOST || '127.0.0.1',
    port: portOf(env.PORT || '3000'),
    logLevel: logLevelOf(env.LOG_LEVEL || 'info'),
    allowedLateness: durationOf('ALLOWED_LATENESS', env.ALLOWED_LATENESS || 'PT0S'),
  }
}

function enginesOf(data: string, env: NodeJS.ProcessEnv): EngineSettings {
  const eventStoreDbUrl = urlOf(
    'EVENTSTOREDB_URL',
    env.EVENTSTOREDB_URL,
    /^(esdb|kurrentdb)(\+discover)?:\/\/./,
  )
  const mongoDbUrl = urlOf('MONGODB_URL', env.MONGODB_URL, /^mongodb(\+srv)?:\/\/./)
  const namespace = namespaceOf(env.TIDEMARK_NAMESPACE)
  return {
    data,
    ...(eventStoreDbUrl !== undefined && { eventStoreDbUrl }),
    ...(mongoDbUrl !== undefined && { mongoDbUrl }),
    ...(namespace !== undefined && { namespace }),
    partitions: partitionsOf(env.PROJECTION_PARTITIONS || (mongoDbUrl === undefined ? '1' : '4')),
  }
}

/** The value is not repeated: it may hold a password. */
function urlOf(name: string, value: string | undefined, form: RegExp): string | undefined {
  if (!value) return undefined
  if (!form.test(value)) {
    const example = name === 'MONGODB_URL' ? 'mongodb://host:27017/tidemark' : 'esdb://host:2113'
    throw new InvalidSetting(`${name} is not of the form ${example}`)
  }
  return value
}

function namespaceOf(value: string | undefined): string | undefined {
  if (!value) return undefined
  if (/^[a-z0-9_]{1,30}$/i.test(value)) return value
  throw new InvalidSetting(
    `TIDEMARK_NAMESPACE is ${JSON.stringify(value)}: it takes up to 30 letters, digits and underscores`,
  )
}

function partitionsOf(value: string): number {
  const partitions = Number(value)
  if (/^\d+$/.test(value) && partitions >= 1 && partitions <= 64) return partitions
  throw new InvalidSetting(
    `PROJECTION_PARTITIONS is ${JSON.stringify(value)}: it takes a number from 1 to 64`,
  )
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

/** An ISO 8601 duration of fixed length (days are 24 hours), in milliseconds. */
function durationOf(name: string, value: string): number {
  const fault = `${name} is ${JSON.stringify(value)}: it takes an ISO 8601 duration of up to days, such as PT20S or P1D`
  let milliseconds: number
  try {
    const duration = Temporal.Duration.from(value)
    if (duration.years || duration.months || duration.weeks) throw new RangeError(fault)
    milliseconds = duration.total('milliseconds')
  } catch {
    throw new InvalidSetting(fault)
  }
  if (milliseconds < 0 || !Number.isSafeInteger(milliseconds)) throw new InvalidSetting(fault)
  return milliseconds
}
