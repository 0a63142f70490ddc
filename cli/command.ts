import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { match } from 'ts-pattern'
import { openSystem, type System } from './compose.js'
import { InvalidSetting, loadConfig, type Config } from './config.js'
import { outputTo, type Output } from './output.js'
import type { ProjectorReport } from './projector.js'

/** Wrong usage: exit code 2. */
export class WrongUsage extends Error {
  readonly code = 'wrong-usage'
}

export interface Context {
  readonly config: Config
  readonly output: Output
}

/** The options that every command takes. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--data <dir>', 'folder of the embedded engine (default: $TIDEMARK_DATA or ./data)')
    .option('--json', 'print one JSON document on stdout and nothing else there')
}

/** Runs a command and turns what goes wrong into one line and an exit code: 1 it failed, 2 wrong usage. */
export async function run(command: Command, work: (context: Context) => Promise<void>): Promise<void> {
  const { data, json } = command.optsWithGlobals<{ data?: string; json?: boolean }>()
  const output = outputTo(json ?? false)
  try {
    const config = loadConfig(data)
    await work({ config, output })
  } catch (error) {
    output.remark(`tidemark: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = error instanceof WrongUsage || error instanceof InvalidSetting ? 2 : 1
  }
}

/** Opens the system for one command, and closes it whatever happens. */
export async function withSystem<T>(
  { config, output }: Context,
  work: (system: System) => Promise<T>,
): Promise<T> {
  const system = await openSystem(config, (report) => remarkOn(report, output))
  try {
    return await work(system)
  } finally {
    await system.close()
  }
}

/** The same for a command that only reads: where there is no log, the folder may not be the one that was meant. */
export async function withLog<T>(context: Context, work: (system: System) => Promise<T>): Promise<T> {
  const { data, engines } = context.config
  const isThere = engines.eventStoreDbUrl !== undefined || existsSync(join(data, 'events.db'))
  return withSystem(context, async (system) => {
    if (!isThere) context.output.remark(`tidemark: there is no log in ${data} yet`)
    return work(system)
  })
}

function remarkOn(report: ProjectorReport, output: Output): void {
  match(report)
    .with({ type: 'failed' }, ({ error }) => output.remark(`tidemark: ${error}`))
    .with({ type: 'warning' }, ({ warning }) => output.remark(`tidemark: ${warning}`))
    .with({ type: 'trouble' }, ({ error }) => output.remark(`tidemark: ${error} (trying again)`))
    .with({ type: 'started' }, { type: 'rebuilding' }, { type: 'rebuilt' }, () => {})
    .exhaustive()
}
