import type { Context } from './command.js'
import { WrongUsage } from './command.js'
import { ProgressBar } from './progress.js'
import { generateDataPlan } from './samples/data-plan.js'

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

function countOf(option: string, value: string, most: number): number {
  const count = Number(value)
  if (/^\d+$/.test(value) && count >= 1 && count <= most) return count
  throw new WrongUsage(`${option} is ${JSON.stringify(value)}: it takes a whole number from 1 to ${most}`)
}
