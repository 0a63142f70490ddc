import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { isInstalled, onCore, type Command } from './one-core.js'

export interface Load {
  readonly port: number
  /** Asked for one after the other, over and over. */
  readonly paths: readonly string[]
  readonly seconds: number
  /** Kept alive; one request under way on each. */
  readonly connections: number
}

/** The core that the server does not have. */
const core = 1
const hasWrk = isInstalled('wrk')

/** Which program makes the load: `wrk`, or our own if that is not installed. */
export const loadProgram = hasWrk ? 'wrk' : 'load-process.js'

/**
 * Puts a server under load from another process, and answers how many requests a second it served.
 *
 * @param folder for the files that the load program reads
 * @throws {Error} a request was not answered with 2xx
 */
export async function requestsPerSecond(load: Load, folder: string): Promise<number> {
  const [program, args] = onCore(core, hasWrk ? wrk(load, folder) : own(load, folder))
  const { stdout } = await promisify(execFile)(program, args)
  const found = /Requests\/sec:\s+([\d.]+)/.exec(stdout)
  if (!found || /Non-2xx|Socket errors/.test(stdout)) throw new Error(`the load went wrong:\n${stdout}`)
  return Number(found[1])
}

function wrk({ port, paths, seconds, connections }: Load, folder: string): Command {
  const [list, script] = [join(folder, 'paths.txt'), join(folder, 'paths.lua')]
  writeFileSync(list, paths.join('\n') + '\n')
  writeFileSync(script, wrkScript(list))
  const url = `http://127.0.0.1:${port}`
  return ['wrk', ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '-s', script, url]]
}

function wrkScript(list: string): string {
  return `local requests, at = {}, 0
function init()
  for path in io.lines(${JSON.stringify(list)}) do requests[#requests + 1] = wrk.format("GET", path) end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
`
}

function own(load: Load, folder: string): Command {
  const file = join(folder, 'load.json')
  writeFileSync(file, JSON.stringify(load))
  return [process.execPath, [fileURLToPath(new URL('./load-process.js', import.meta.url)), file]]
}
