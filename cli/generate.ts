import type { Context } from './command.js'
import { WrongUsage } from './command.js'
import { ProgressBar } from './progress.js'
import { generateDataPlan } from './samples/data-plan.js'
import { generateMoney } from './samples/money.js'

export interface DataPlanOptions {
  readonly subscribers: string
  readonly months: string
  readonly out: string
}

/** `tidemark generate data-plan`: the deterministic sample. */
export async function generateDataPlanSample(options: DataPlanOptions, { output }: Context): Promise<void> {
  const subscribers = countOf('--subscribers', options.subscribers, 1_000_000)
  const months = countOf('--months', options.months, 1_200)
  const bar = new ProgressBar('generating')
  const generated = await generateDataPlan({
    subscribers,
    months,
    out: options.out,
    onProgress: ({ records, total }) => bar.update(records, total),
  })
  bar.end()
  const { files, records } = generated
  output.result(
    generated,
    () => `${records} records and ${subscribers} agreements in ${files} files in ${options.out}`,
  )
}

export interface MoneyOptions {
  readonly users: string
  readonly events: string
  readonly out: string
  readonly seed: string
  readonly duplicates: string
  readonly disorder: string
  readonly late: string
}

/** `tidemark generate money`: events of wallets, users and sessions, badly delivered. */
export async function generateMoneySample(options: MoneyOptions, { output }: Context): Promise<void> {
  const bar = new ProgressBar('generating')
  const generated = await generateMoney({
    users: countOf('--users', options.users, 1_000_000),
    events: countOf('--events', options.events, 100_000_000),
    out: options.out,
    seed: countOf('--seed', options.seed, Number.MAX_SAFE_INTEGER),
    duplicates: shareOf('--duplicates', options.duplicates),
    disorder: shareOf('--disorder', options.disorder),
    late: shareOf('--late', options.late),
    onProgress: ({ records, total }) => bar.update(records, total),
  })
  bar.end()
  const { files, records } = generated
  output.result(generated, () => `${records} records in ${files} files in ${options.out}`)
}

function shareOf(option: string, value: string): number {
  const share = Number(value)
  if (/^\d*\.?\d+$/.test(value) && share <= 1) return share
  throw new WrongUsage(`${option} is ${JSON.stringify(value)}: it takes a share from 0 to 1, such as 0.01`)
}

function countOf(option: string, value: string, most: number): number {
  const count = Number(value)
  if (/^\d+$/.test(value) && count >= 1 && count <= most) return count
  throw new WrongUsage(`${option} is ${JSON.stringify(value)}: it takes a whole number from 1 to ${most}`)
}
