import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { env, execArgv } from './as-command.js'
import { onCore } from './one-core.js'
import type { Answers, Listening } from './peers/bare-route.js'

/** A server in a process of its own, limited to the first core. */
export interface RunningServer {
  readonly port: number
  /** Keeps it from running at all, so that it takes nothing from the other one. */
  pause(): void
  resume(): void
  stop(): Promise<void>
}

const core = 0
const readyWithin = 30_000
const lookAgainAfter = 50

/** `tidemark serve` over a data folder, with all defaults; its log goes nowhere. The peer is started in the same way. */
export async function serveOurs(data: string): Promise<RunningServer> {
  const port = await freePort()
  const entry = fileURLToPath(new URL('../cli/main.js', import.meta.url))
  const args = [...execArgv, entry, 'serve', '--data', data, '--host', '127.0.0.1', '--port', String(port)]
  const [program, all] = onCore(core, [process.execPath, args])
  // Not our working directory: a .env there would change the defaults.
  const child = spawn(program, all, { cwd: data, env, stdio: ['ignore', 'ignore', 'inherit'] })
  await ready(`http://127.0.0.1:${port}/health/ready`, child)
  return running(child, port)
}

export async function servePeer(answers: Answers): Promise<RunningServer> {
  const entry = fileURLToPath(new URL('./peers/bare-route.js', import.meta.url))
  const [program, all] = onCore(core, [process.execPath, [...execArgv, entry]])
  const child = spawn(program, all, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  child.send(answers)
  const [{ port }] = (await once(child, 'message')) as [Listening]
  return running(child, port)
}

function running(child: ChildProcess, port: number): RunningServer {
  const canPause = process.platform !== 'win32'
  return {
    port,
    pause: () => void (canPause && child.kill('SIGSTOP')),
    resume: () => void (canPause && child.kill('SIGCONT')),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      await exited
    },
  }
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + readyWithin
  while (child.exitCode === null && performance.now() < deadline) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, lookAgainAfter))
  }
  child.kill('SIGKILL')
  throw new Error(`${url} did not become ready`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
