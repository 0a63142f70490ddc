import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

/** `tidemark serve` over a folder, with no port from the environment. */
export class Serving {
  readonly exitCode: Promise<number | null>
  errors = ''
  readonly #process: ChildProcess
  readonly #lines: string[] = []
  readonly #more = new Set<() => void>()
  #ended = false

  constructor(
    t: Test,
    folder: string,
    args: readonly string[],
    settings: Readonly<Record<string, string>> = {},
  ) {
    const env = { ...process.env, TIDEMARK_DATA: folder, LOG_LEVEL: 'info', ...settings }
    delete (env as NodeJS.ProcessEnv).PORT
    const serving = spawn(process.execPath, [program, 'serve', ...args], { cwd: folder, env })
    this.#process = serving
    serving.stderr.on('data', (chunk) => (this.errors += String(chunk)))
    createInterface({ input: serving.stdout }).on('line', (line) => {
      this.#lines.push(line)
      for (const wake of this.#more) wake()
    })
    this.exitCode = once(serving, 'close').then(([code]) => {
      this.#ended = true
      for (const wake of this.#more) wake()
      return code as number | null
    })
    t.teardown(() => serving.kill('SIGKILL'))
  }

  async stop(): Promise<number | null> {
    this.#process.kill('SIGTERM')
    return this.exitCode
  }

  /** The first line with a text; undefined if the process ends without one. */
  async lineWith(text: string): Promise<string | undefined> {
    for (;;) {
      const line = this.#lines.find((line) => line.includes(text))
      if (line !== undefined || this.#ended) return line
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#more.delete(wake)
          resolve()
        }
        this.#more.add(wake)
      })
    }
  }

  async url(): Promise<string> {
    const line = (await this.lineWith('Server listening')) ?? ''
    const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? []
    if (address === undefined) throw new Error(`the server did not start: ${this.errors}`)
    return address
  }
}
