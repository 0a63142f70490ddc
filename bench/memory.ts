import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { env, execArgv } from './as-command.js'
import type { Benchmark, Peak } from './benchmark.js'
import type { Done, Job } from './memory-process.js'
import { described, writeSample } from './sample-system.js'

/** Megabytes. */
const limit = 300

/** Peak memory must not grow with the log: two million records through an import and a rebuild. */
export const memory: Benchmark = {
  name: 'memory',
  measures: `peak resident memory of an import and of a rebuild of 2,000,000 records, below ${limit} MB`,
  onRequest: true,
  run: async ({ folder, quick, progress }) => {
    const size = { subscribers: quick ? 1_000 : 10_000, months: 7 }
    const sample = await writeSample(join(folder, 'sample'), size)
    const peaks: Peak[] = []
    for (const work of ['import', 'rebuild'] as const) {
      progress(`${work} of ${described(sample)}`)
      const { megabytes, seconds } = await runJob({ work, data: join(folder, 'data'), sample: sample.folder })
      const detail = `${described(sample)}, in ${Math.round(seconds)} s`
      peaks.push({
        type: 'peak',
        name: `memory, ${work}`,
        megabytes,
        limit,
        passed: megabytes < limit,
        detail,
      })
    }
    return peaks
  },
}

/** In a process of its own, that does what the command of that name does. */
async function runJob(job: Job): Promise<Done> {
  const child = fork(new URL('./memory-process.js', import.meta.url), [JSON.stringify(job)], {
    execArgv: [...execArgv],
    env,
  })
  let done: Done | undefined
  child.once('message', (message: Done) => (done = message))
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0 || !done) throw new Error(`the ${job.work} ended with ${code ?? 'a signal'}`)
  return done
}
