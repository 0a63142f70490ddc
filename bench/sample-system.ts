import { join } from 'node:path'
import { catchUp } from '../cli/caught-up.js'
import { openSystem, type System } from '../cli/compose.js'
import type { Context } from '../cli/command.js'
import { filesIn } from '../cli/files-to-import.js'
import { importAll } from '../cli/import.js'
import { generateDataPlan, type DataPlanSize } from '../cli/samples/data-plan.js'

/** Sample data as files. */
export interface Sample extends DataPlanSize {
  readonly folder: string
  /** How many data records are in it. */
  readonly records: number
}

export async function writeSample(folder: string, size: DataPlanSize): Promise<Sample> {
  const { records } = await generateDataPlan({ ...size, out: folder })
  return { ...size, folder, records }
}

/** What a benchmark says of its sample. */
export function described({ subscribers, months, records }: Sample): string {
  return `${records} data records and ${subscribers} agreements (${subscribers} subscribers, ${months} months)`
}

/** The embedded engine over a folder, wired as the commands wire it. */
export async function openSampleSystem(data: string): Promise<System> {
  return openSystem(contextOf(data).config, (report) => {
    if (report.type === 'failed' || report.type === 'trouble') throw new Error(report.error)
  })
}

/** What `tidemark import` does for the agreements and then the records: durable, folded, notifications in the log. */
export async function importSample(system: System, sample: Sample): Promise<void> {
  const context = contextOf(sample.folder)
  const agreements = await filesIn([join(sample.folder, 'agreements.ndjson')], context)
  const records = await filesIn([join(sample.folder, 'incoming-data-records')], context)
  const signed = await importAll(system, 'agreements', agreements)
  const recorded = await importAll(system, 'data-records', records)
  await catchUp(system)
  if (signed.appended !== sample.subscribers || recorded.appended !== sample.records) {
    throw new Error(`imported ${signed.appended} agreements and ${recorded.appended} records`)
  }
}

/** A data folder with a sample in it, imported and closed again. */
export async function fillSampleSystem(data: string, sample: Sample): Promise<void> {
  const system = await openSampleSystem(data)
  await system.project()
  await importSample(system, sample)
  await system.close()
}

/** A command's context, for one that is run in here rather than from a shell: only its remarks are shown. */
export function contextOf(data: string): Context {
  return {
    config: {
      data,
      engines: { data, partitions: 1 },
      host: '127.0.0.1',
      port: 0,
      logLevel: 'silent',
      allowedLateness: undefined,
      billingTimeZone: undefined,
      sessionRules: {},
    },
    output: {
      json: true,
      say: () => {},
      result: () => {},
      remark: (text) => process.stderr.write(text + '\n'),
    },
  }
}
