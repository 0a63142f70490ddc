import '../cli/memory.js'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { importPaths } from '../cli/import.js'
import { rebuildProjections } from '../cli/rebuild.js'
import { contextOf } from './sample-system.js'

/** The process behind the memory benchmark: does one command's work and tells its peak. */

export interface Job {
  readonly work: 'import' | 'rebuild'
  readonly data: string
  /** The folder of the sample. */
  readonly sample: string
}

export interface Done {
  readonly megabytes: number
  readonly seconds: number
}

const { work, data, sample } = JSON.parse(process.argv[2] ?? '{}') as Job
process.once('disconnect', () => process.exit())
const start = performance.now()
const context = contextOf(data)
if (work === 'import') {
  await importPaths('agreements', [join(sample, 'agreements.ndjson')], { wait: true }, context)
  await importPaths('data-records', [join(sample, 'incoming-data-records')], { wait: true }, context)
} else {
  await rebuildProjections([], { all: true }, context)
}
const done: Done = { megabytes: peakKiB() * 1.024e-3, seconds: (performance.now() - start) / 1000 }
process.send?.(done, () => process.disconnect())

/** Of all threads together. What `getrusage` says may still be the peak of the process that started this one. */
function peakKiB(): number {
  try {
    const found = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))
    if (found) return Number(found[1])
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS
}
