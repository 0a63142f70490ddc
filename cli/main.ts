#!/usr/bin/env -S MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=65536 node --max-semi-space-size=8
import './memory.js'
import { Command, Option, type CommandOptions } from 'commander'
import { kindNames } from '../bridge/formats/kind-names.js'
import { advanceDataRecordClock } from './advance-clock.js'
import { run, withCommonOptions, type Context } from './command.js'
import { copyLog, type CopyOptions } from './copy.js'
import { exportDeadLetters, listDeadLetters } from './dead-letters.js'
import { explainable, explainFigure } from './explain.js'
import {
  generateBillingSample,
  generateDataPlanSample,
  generateMoneySample,
  type BillingOptions,
  type DataPlanOptions,
  type MoneyOptions,
} from './generate.js'
import { listProjections } from './projections.js'
import { rebuildProjections } from './rebuild.js'
import type { ServeOptions } from './serve.js'
import { listUnresolved, retrySessions } from './sessions.js'
import { listStreams, showStream } from './streams.js'
import { verifyProjections } from './verify.js'
import { programVersion } from './version.js'

const program = withCommonOptions(new Command('tidemark'))
  .description('Event-sourced metering and billing that stays exact.')
  .version(programVersion())
  .showHelpAfterError('(see tidemark --help)')
  .exitOverride()

/** A command of a parent, with the options that all commands have. */
function command(parent: Command, name: string, description: string, options: CommandOptions = {}): Command {
  return withCommonOptions(parent.command(name, options).description(description))
}

/** A command that consists of others. It takes their common options too, so that those may stand before the name as well. */
function group(name: string, description: string): Command {
  return withCommonOptions(program.command(name).description(description))
}

/**
 * What a command does with its arguments and options. One that takes records in loads its file itself, when it is run: the
 * libraries of the API and of the parsers take longer to load than the other commands to run.
 */
function action<Options = object, Args extends readonly unknown[] = []>(
  target: Command,
  work: (context: Context, options: Options, ...args: Args) => Promise<void>,
): void {
  target.action(() =>
    run(target, (context) =>
      work(context, target.opts() as Options, ...(target.processedArgs as unknown as Args)),
    ),
  )
}

action<ServeOptions>(
  command(program, 'serve', 'serve API, projections and (if KAFKA_BROKERS is set) the bridge to Kafka')
    .option('--roles <roles>', 'run only some of: api,projector,bridge')
    .option('--host <address>', 'address to bind (default: $HOST or 127.0.0.1)')
    .option('--port <port>', 'port to listen on (default: $PORT or 3000)'),
  async (context, options) => (await import('./serve.js')).serve(options, context),
)
action(command(program, 'demo', 'generate, import and prove sample data'), async (context) =>
  (await import('./demo.js')).demo(context),
)

const generate = group('generate', 'write deterministic sample data')
action<DataPlanOptions>(
  command(generate, 'data-plan', 'agreements and data records of mobile subscribers, one file a month')
    .requiredOption('--subscribers <n>', 'how many subscribers')
    .requiredOption('--months <n>', 'how many months')
    .requiredOption('--out <dir>', 'folder to write to'),
  (context, options) => generateDataPlanSample(options, context),
)
action<BillingOptions>(
  command(generate, 'billing', 'billable events of customers, with known totals, one file a month')
    .requiredOption('--customers <n>', 'how many customers')
    .requiredOption('--events <n>', 'how many billable events')
    .requiredOption('--out <dir>', 'folder to write to')
    .option('--months <n>', 'how many months (default: 3, or fewer where there are too few events)')
    .option('--seed <n>', 'another one gives other events that come to the same', '1')
    .option('--disorder <share>', 'share of events that come out of order', '0.1')
    .option('--late <share>', 'share of events that come when their month has been invoiced', '0.02')
    .option('--duplicates <share>', 'share of files that are delivered twice', '0.34'),
  (context, options) => generateBillingSample(options, context),
)
action<MoneyOptions>(
  command(generate, 'money', 'events of wallets, users and sessions, badly delivered')
    .requiredOption('--users <n>', 'how many users')
    .requiredOption('--events <n>', 'how much money is moved')
    .requiredOption('--out <dir>', 'folder to write to')
    .option('--seed <n>', 'the same seed gives the same files', '1')
    .option('--duplicates <share>', 'of the records are delivered twice', '0.01')
    .option('--disorder <share>', 'come a little out of order', '0.02')
    .option('--late <share>', 'come very late', '0.002'),
  (context, options) => generateMoneySample(options, context),
)
action<{ wait: boolean }, [string, string[]]>(
  command(
    program,
    'import',
    `import files, folders, pipes or - (standard input); kinds: ${kindNames.join(', ')}`,
  )
    .argument('<kind>')
    .argument('<path...>')
    .option('--no-wait', 'do not wait for the projections'),
  async (context, options, kind, paths) =>
    (await import('./import.js')).importPaths(kind, paths, options, context),
)
action<CopyOptions>(
  command(program, 'copy', 'carry the log of a data folder into EventStoreDB, as it stands')
    .requiredOption('--from <dir>', 'folder of the embedded engine')
    .requiredOption('--to <url>', 'connection string, esdb://…')
    .option('--namespace <name>', 'what stream names begin with in EventStoreDB'),
  (context, options) => copyLog(options, context),
)
action(command(program, 'projections', 'show how far each read model is'), listProjections)
action<{ all?: boolean }, [string[]]>(
  command(program, 'rebuild', 'build read models again from the log, then switch in one step')
    .argument('[name...]')
    .option('--all', 'all of them'),
  (context, options, names) => rebuildProjections(names, options, context),
)
action(command(program, 'verify', 'prove that the read models are what the log says'), verifyProjections)

const deadLetters = group('dead-letters', 'records that could not be used')
action(command(deadLetters, 'list', 'list them', { isDefault: true }), listDeadLetters)
action<{ all?: boolean }, [string[]]>(
  command(deadLetters, 'retry', 'try them again').argument('[id...]').option('--all', 'all of them'),
  async (context, options, ids) =>
    (await import('./dead-letter-retry.js')).retryDeadLetters(ids, options, context),
)
action<{ out?: string; kind?: string }>(
  command(deadLetters, 'export', 'write their bytes, one a line')
    .option('--out <file>', 'file to create (default: standard output)')
    .addOption(new Option('--kind <kind>', 'only this kind').choices(kindNames)),
  (context, options) => exportDeadLetters(options, context),
)
const sessions = group('sessions', 'sessions that the session service is asked for')
action(
  command(sessions, 'unresolved', 'list those of which it gave no answer', { isDefault: true }),
  listUnresolved,
)
action<{ all?: boolean }, [string[]]>(
  command(sessions, 'retry', 'ask for them again').argument('[id...]').option('--all', 'all of them'),
  (context, options, ids) => retrySessions(ids, options, context),
)
action<{ limit: string }>(
  command(program, 'streams', 'list the streams of the log, newest first').option(
    '--limit <n>',
    'how many',
    '50',
  ),
  (context, options) => listStreams(options, context),
)
action<{ limit: string }, [string]>(
  command(program, 'stream', 'show the events of a stream')
    .argument('<name>')
    .option('--limit <n>', 'how many', '1000'),
  (context, options, name) => showStream(name, options, context),
)
action<object, [string, string[]]>(
  command(program, 'explain', `show the events behind a figure, and how they add up: ${explainable}`)
    .argument('<kind>')
    .argument('<name...>'),
  (context, _, kind, names) => explainFigure(kind, names, context),
)
action<object, [string]>(
  command(
    program,
    'advance-clock',
    'say that no more data records before an instant are to be expected',
  ).argument('<instant>'),
  (context, _, instant) => advanceDataRecordClock(instant, context),
)

// Whoever read our output has seen enough: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return
  process.stderr.write(`tidemark: the output cannot be written: ${error.message}\n`)
  process.exit(1)
})

try {
  await program.parseAsync()
} catch (error) {
  // Commander has said what is wrong; asking for help is no mistake.
  const { exitCode } = error as { exitCode?: number }
  if (exitCode === undefined) throw error
  process.exitCode = exitCode === 0 ? 0 : 2
}
