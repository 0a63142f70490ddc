import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Benchmark, Figure, Setting } from './benchmark.js'

/** What the process is started with. */
export interface Task {
  readonly benchmark: string
  readonly setting: Omit<Setting, 'progress'>
}

export type Message =
  | { readonly type: 'progress'; readonly text: string }
  | { readonly type: 'figures'; readonly figures: readonly Figure[] }

/** The benchmark came to no result. What went wrong is on stderr. */
export class BenchmarkCrashed extends Error {
  readonly code = 'benchmark-crashed'
}

/**
 * Runs a benchmark in a process of its own: what one has compiled, cached and left on the heap is not there for the
 * next, and alone it gives the same as among the others.
 *
 * @throws {BenchmarkCrashed}
 */
export async function runInOwnProcess({ name }: Benchmark, setting: Setting): Promise<readonly Figure[]> {
  const { folder, quick, rounds, progress } = setting
  const task: Task = { benchmark: name, setting: { folder, quick, rounds } }
  const child = fork(new URL('./own-process-entry.js', import.meta.url), [JSON.stringify(task)], {
    execArgv: ['--expose-gc'],
    silent: true,
  })
  // Nothing of it on our stdout; and without a terminal it draws no progress bars.
  child.stdout?.pipe(process.stderr, { end: false })
  child.stderr?.pipe(process.stderr, { end: false })
  let figures: readonly Figure[] | undefined
  child.on('message', (message: Message) => {
    if (message.type === 'progress') progress(message.text)
    else figures = message.figures
  })
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  if (code !== 0 || !figures)
    throw new BenchmarkCrashed(`${name} ended with ${signal ?? code} and without a result`)
  return figures
}
