import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

/** What a command came to. */
export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a command as a user would, in a folder and over the data in its `data`.
 *
 * @param settings of the environment; undefined: not set
 */
export function tidemark(
  folder: string,
  settings: Readonly<Record<string, string | undefined>>,
  ...args: string[]
): Promise<Ran> {
  const env = { ...process.env, TIDEMARK_DATA: join(folder, 'data'), ...settings }
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { cwd: folder, env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    )
  })
}
