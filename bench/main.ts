#!/usr/bin/env node
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { Benchmark, Figure } from './benchmark.js'
import { benchmarks } from './index.js'
import { runInOwnProcess } from './own-process.js'
import { loadNow, shownReport, thisMachine, type Report } from './report.js'

interface Options {
  readonly engines: 'embedded' | 'servers'
  readonly only?: readonly Benchmark[]
  readonly memory?: boolean
  readonly quick?: boolean
  readonly rounds: number
  readonly json?: boolean
  readonly check?: boolean
  readonly data: string
}

const list = benchmarks.map(
  ({ name, measures, onRequest }) => `  ${name.padEnd(21)}${measures}${onRequest ? ' (on request)' : ''}`,
)

const command = new Command('bench')
  .description('Measures Tidemark against bare peers, in turns, best round of each.')
  .addOption(
    new Option('--engines <engines>', 'whose benchmarks: those of servers need the variables that name them')
      .choices(['embedded', 'servers'])
      .default('embedded'),
  )
  .option('--only <names>', 'run only some of them, with commas between', namedBenchmarks)
  .option('--memory', 'without --only: also run the memory benchmark, which takes minutes')
  .option('--quick', 'smaller sizes: to try it, not to quote it')
  .option('--rounds <n>', 'how often each side takes its turn', wholeNumber, 3)
  .option('--json', 'print one JSON document on stdout and nothing else there')
  .option('--check', 'exit with 1 where a required ratio is not reached')
  .option('--data <dir>', 'folder to measure in; it must be on a disk, not in memory', './data')
  .addHelpText('after', `\nBenchmarks:\n${list.join('\n')}`)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))

const options = command.parse().opts<Options>()
const chosen = chosenOf(options)
for (const { name, needs = [] } of chosen) {
  const missing = needs.filter((variable) => !process.env[variable])
  if (missing.length > 0) command.error(`${name} needs ${missing.join(' and ')}: say where the servers are`)
}
const report = await measure(options)
process.stdout.write((options.json ? JSON.stringify(report, null, 2) : shownReport(report)) + '\n')
const missed = report.figures.some(({ passed }) => passed === false)
if (report.crashed.length > 0 || (options.check && missed)) process.exitCode = 1

function chosenOf({ engines, only, memory }: Options): Benchmark[] {
  const ofEngines = (one: Benchmark) => (one.needs !== undefined) === (engines === 'servers')
  return benchmarks.filter((one) => only?.includes(one) ?? (ofEngines(one) && (!one.onRequest || memory)))
}

async function measure({ quick = false, rounds, data }: Options): Promise<Report> {
  const [at, before] = [new Date().toISOString(), loadNow()]
  const figures: Figure[] = []
  const crashed: string[] = []
  for (const benchmark of chosen) {
    const progress = (text: string) => process.stderr.write(`${benchmark.name}: ${text}\n`)
    try {
      figures.push(
        ...(await inFolder(data, (folder) =>
          runInOwnProcess(benchmark, { folder, quick, rounds, progress }),
        )),
      )
    } catch (error) {
      progress(error instanceof Error ? error.message : String(error))
      crashed.push(benchmark.name)
    }
  }
  return { machine: thisMachine(), at, quick, load: { before, after: loadNow() }, figures, crashed }
}

/** Runs `work` with an empty folder that is removed afterwards, also when the user has had enough. */
async function inFolder<T>(parent: string, work: (folder: string) => Promise<T>): Promise<T> {
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(resolve(parent), 'bench-'))
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  const stop = () => {
    remove()
    process.exit(130)
  }
  process.once('SIGINT', stop)
  try {
    return await work(folder)
  } finally {
    process.off('SIGINT', stop)
    remove()
  }
}

function namedBenchmarks(names: string): Benchmark[] {
  return names.split(',').map((name) => {
    const found = benchmarks.find((benchmark) => benchmark.name === name.trim())
    if (!found) throw new InvalidArgumentError(`There is no benchmark ${JSON.stringify(name)}.`)
    return found
  })
}

function wholeNumber(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < 1) throw new InvalidArgumentError('It takes a whole number from 1 on.')
  return number
}
