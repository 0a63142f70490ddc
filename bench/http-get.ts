import { get, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import type { Benchmark, Comparison, Setting } from './benchmark.js'
import { loadProgram, requestsPerSecond, type Load } from './load.js'
import { compare, takeTurns, type Turn } from './measure.js'
import type { Answer } from './peers/bare-route.js'
import { fillSampleSystem, writeSample, type Sample } from './sample-system.js'
import { serveOurs, servePeer, type RunningServer } from './http-servers.js'

const connections = 32
/** By then a server's code is compiled. */
const warmUpSeconds = 2

/** Each of our answers follows from the URL alone, so it is kept; or it has to be found and made each time. */
const ways = [
  { name: 'http-get', query: '', required: 0.8 },
  { name: 'http-get, nothing kept', query: '?minPosition=0', required: undefined },
]

/** One billing period, found and sent, over and over, for many agreements in turn. */
export const httpGet: Benchmark = {
  name: 'http-get',
  measures: 'GET of a billing period, against a bare Fastify route that sends the same bytes and headers',
  run: async (setting) => {
    const { folder, quick } = setting
    const size = { subscribers: quick ? 100 : 1_000, months: 1 }
    const sample = await writeSample(join(folder, 'sample'), size)
    const data = join(folder, 'ours')
    await fillSampleSystem(data, sample)
    const servers: RunningServer[] = []
    try {
      const ours = await serveOurs(data)
      servers.push(ours)
      const paths = ways.map(({ query }) => pathsOf(sample).map((path) => path + query))
      const answers: [string, Answer][] = []
      for (const path of paths.flat()) answers.push([path, await answerOf(ours.port, path)])
      const peer = await servePeer(answers)
      servers.push(peer)
      const bytes = Buffer.byteLength(answers[0]?.[1].body ?? '')
      const comparisons: Comparison[] = []
      for (const [index, { name, required }] of ways.entries()) {
        const load = { paths: paths[index] ?? [], connections, seconds: quick ? 2 : 5 }
        const turns = { peer: await turn(peer, load, setting), ours: await turn(ours, load, setting) }
        const rounds = await takeTurns(turns, setting)
        const detail = `${load.paths.length} paths in turn, bodies of ${bytes} bytes, ${connections} connections, ${loadProgram}`
        comparisons.push(compare(rounds, { name, unit: 'requests', required, detail }))
      }
      return comparisons
    } finally {
      await Promise.all(servers.map((server) => server.stop()))
    }
  },
}

/** Between its turns a server does not run. */
async function turn(server: RunningServer, about: Omit<Load, 'port'>, { folder }: Setting): Promise<Turn> {
  const load: Load = { ...about, port: server.port }
  const take = async (seconds: number) => {
    server.resume()
    const rate = await requestsPerSecond({ ...load, seconds }, folder)
    server.pause()
    return rate
  }
  server.pause()
  await take(warmUpSeconds)
  return () => take(load.seconds)
}

function pathsOf({ folder }: Sample): string[] {
  const lines = readFileSync(join(folder, 'agreements.ndjson'), 'utf8').trimEnd().split('\n')
  return lines.map((line) => `/agreements/${(JSON.parse(line) as { id: string }).id}/billing-periods/2020-01`)
}

/** What our server answers, but for what every Node server adds by itself. */
async function answerOf(port: number, path: string): Promise<Answer> {
  const [response] = (await once(get({ port, path, host: '127.0.0.1' }), 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) throw new Error(`GET ${path} gave ${response.statusCode ?? 'no status'}`)
  const body = await text(response)
  const added = ['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding']
  const headers = Object.entries(response.headers).filter(([name]) => !added.includes(name))
  return { body, headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])) }
}
