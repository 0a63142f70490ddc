import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** A program and its arguments, as `spawn` takes them. */
export type Command = readonly [program: string, args: readonly string[]]

const canPin = availableParallelism() > 1 && isInstalled('taskset')

/** The command, limited to one processor core where the system can do that (Linux with `taskset`). */
export function onCore(core: number, [program, args]: Command): Command {
  return canPin ? ['taskset', ['-c', String(core), program, ...args]] : [program, args]
}

/** Whether a program can be started at all. */
export function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined
}
