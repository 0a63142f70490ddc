import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
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
  const settings: NodeJS.ProcessEnv = {
    ...process.env,
    TIDEMARK_DATA: '',
    LOG_LEVEL: 'info',
    KAFKA_BROKERS: '',
  }
  const place = { folder, settings }
  const server = new Server(place)
  t.teardown(async () => {
    await server.stop()
    await rm(folder, { recursive: true })
  })
  t.ok(blocks.length > 3, 'there are examples')
  for (const { kind, text } of blocks) {
    if (kind === 'http') await runHttp(t, text, await server.url())
    else for (const example of text.split(/^\$ /m).slice(1)) await runConsole(t, example, place, server)
  }
  t.same(await readdir(folder), ['tour'], 'the tour keeps to a folder of its own')
})

/** Where the examples are run, and with what in the environment. */
interface Place {
  readonly folder: string
  /** `export` adds to it. */
  readonly settings: NodeJS.ProcessEnv
}

/** A command and what it prints: `export`, `npx tidemark` or `curl`. */
async function runConsole(t: Test, example: string, place: Place, server: Server): Promise<void> {
  const [command = '', ...expected] = example.trimEnd().replaceAll('\\\n', '').split('\n')
  const [name, ...args] = wordsOf(command)
  if (name === 'export') {
    const [, variable = '', value = ''] = /^(\w+)=(.*)$/.exec(args[0] ?? '') ?? []
    place.settings[variable] = value
    return
  }
  t.match(`${name} ${args[0]}`, /^(npx tidemark|curl http:.*)$/, command)
  const printed =
    name === 'curl' ? await curl(args, await server.url()) : await tidemark(args.slice(1), place)
  t.match(printed.trimEnd(), patternOf(expected.join('\n')), command)
}

/** The words of a command as a shell has them: what stands in single quotes is one. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|[^\s']+/g)].map(([word, quoted]) => quoted ?? word)
}

async function tidemark(args: readonly string[], { folder, settings }: Place): Promise<string> {
  const options = { cwd: folder, env: settings }
  return (await promisify(execFile)(process.execPath, [program, ...args], options)).stdout
}

/** `curl <address> -H '<name>: <value>' … -d '<body>'`, whether it is installed or not. */
async function curl([address = '', ...args]: readonly string[], url: string): Promise<string> {
  const values = (option: string) => args.filter((_, i) => args[i - 1] === option)
  const headers = values('-H').map((header) => header.split(': ') as [string, string])
  const [body] = values('-d')
  const to = address.replace('http://127.0.0.1:3000', url)
  const response = await fetch(to, { method: 'POST', headers, body: body ?? null })
  const text = await response.text()
  position = (JSON.parse(text) as { position: number }).position
  return text
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
  t.match(answer, JSON.parse(expected.join(' ').replace('<position>', String(position))) as object, request)
}

/** `tidemark serve` over the folder of the tour, started when it is first asked for. */
class Server {
  readonly #place: Place
  #process: ChildProcess | undefined
  #url: Promise<string> | undefined

  constructor(place: Place) {
    this.#place = place
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
      cwd: this.#place.folder,
      env: this.#place.settings,
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
