import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'

t.setTimeout(180_000)

/** What the README shows is run, in its order, and must print what the README says. */
const program = fileURLToPath(new URL('../cli/main.js', import.meta.url))
const readme = await readFile(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8')
const blocks = [...readme.matchAll(/^```(console|http)\n([\s\S]*?)^```$/gm)].map(([, kind, text]) => ({
  kind,
  text: text!,
}))

void t.test('the examples of the README', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-docs-'))
  const server = new Server(folder)
  t.teardown(async () => {
    await server.stop()
    await rm(folder, { recursive: true })
  })
  t.ok(blocks.length > 3, 'there are examples')
  for (const { kind, text } of blocks) {
    if (kind === 'console') await runConsole(t, text, folder)
    else await runHttp(t, text, await server.url())
  }
})

async function runConsole(t: Test, text: string, folder: string): Promise<void> {
  for (const example of text.split(/^\$ /m).slice(1)) {
    const [command = '', ...expected] = example.trimEnd().split('\n')
    const [name, ...args] = command.split(' ')
    t.equal(name, 'tidemark', command)
    const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], {
      cwd: folder,
      env: environment(folder),
    })
    t.match(stdout.trimEnd(), patternOf(expected.join('\n')), command)
  }
}

/** `…` stands for anything. */
function patternOf(text: string): RegExp {
  const literal = (part: string) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${text.split('…').map(literal).join('[\\s\\S]*')}$`)
}

/** Where the last write came to stand: what `<position>` means in an example. */
let position = 0

async function runHttp(t: Test, text: string, url: string): Promise<void> {
  const [head = '', ...rest] = text.trim().split('\n\n')
  const [request = '', ...fields] = head.split('\n')
  const [method = '', path = ''] = request.split(' ')
  const headers = Object.fromEntries(fields.map((field) => field.split(': ') as [string, string]))
  const [status = '', ...expected] = (rest.at(-1) ?? '').split(' ')
  const body = rest.length > 1 ? rest.slice(0, -1).join('\n\n') : null
  const response = await fetch(url + path.replace('<position>', String(position)), { method, headers, body })
  t.equal(response.status, Number(status), request)
  const answer = (await response.json()) as { position?: number }
  position = answer.position ?? position
  t.match(answer, JSON.parse(expected.join(' ')) as object, request)
}

/** `tidemark serve` over the folder, started when it is first asked for. */
class Server {
  readonly #folder: string
  #process: ChildProcess | undefined
  #url: Promise<string> | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  url(): Promise<string> {
    this.#url ??= this.#start()
    return this.#url
  }

  async stop(): Promise<void> {
    if (!this.#process) return
    this.#process.kill('SIGTERM')
    const [code] = (await once(this.#process, 'exit')) as [number | null]
    t.equal(code, 0, 'the server ends when told so')
  }

  async #start(): Promise<string> {
    const server = spawn(process.execPath, [program, 'serve', '--port', '0'], {
      cwd: this.#folder,
      env: environment(this.#folder),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#process = server
    for await (const line of createInterface({ input: server.stdout })) {
      const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? []
      if (address !== undefined) {
        server.stdout.resume()
        return address
      }
    }
    throw new Error('the server did not start')
  }
}

function environment(folder: string): NodeJS.ProcessEnv {
  return { ...process.env, TIDEMARK_DATA: join(folder, 'data'), LOG_LEVEL: 'info', KAFKA_BROKERS: '' }
}
