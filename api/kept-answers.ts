import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http'
import type { FastifyReply, FastifyServerFactory } from 'fastify'
import type { ReadStore } from '../projections/queries/live.js'
import { isKnown } from './documents.js'
import type { HttpDurations, RouteDurations } from './duration-histogram.js'
import type { Server } from './services.js'

/** So many characters of documents are kept. */
const mostKept = 2_000_000

interface Kept {
  readonly tag: string
  readonly text: string
  /** Names and values in turn, as they were sent. */
  readonly headers: readonly string[]
  readonly durations: RouteDurations
}

/**
 * Documents as they were answered, by URL, for as long as the read store can tell that nothing was written: such an
 * answer follows from the URL and the read models alone. Whoever asks again gets it before the request is routed, parsed
 * and validated once more, which takes longer than sending it.
 */
export class KeptAnswers {
  readonly #readStore: ReadStore
  readonly #durations: HttpDurations
  readonly #kept = new Map<string, Kept>()
  #keptCharacters = 0
  /** Of the read store, before anything that is kept was read. */
  #version: number | undefined
  /** What that was when a request came in. */
  readonly #versions = new WeakMap<IncomingMessage, number>()
  /** In this turn of the event loop. */
  #isAsked = false
  #isStopped = false

  constructor(readStore: ReadStore, durations: HttpDurations) {
    this.#readStore = readStore
    this.#durations = durations
  }

  /** A server that answers what it can from here and hands on the rest. Timeouts as Fastify would set them. */
  readonly serverFactory: FastifyServerFactory = (handler, options): HttpServer => {
    const server = createServer((request, response) => {
      if (!this.#answer(request, response)) handler(request, response)
    })
    const { keepAliveTimeout, requestTimeout, connectionTimeout } = options as Record<string, number>
    if (keepAliveTimeout !== undefined) server.keepAliveTimeout = keepAliveTimeout
    if (requestTimeout !== undefined) server.requestTimeout = requestTimeout
    return server.setTimeout(connectionTimeout)
  }

  /** Has documents kept that routes of read models answer with, if they are added after this. */
  keepAnswersOf(server: Server): void {
    server.addHook('onRoute', (route) => {
      if (!route.config?.isOfReadModels) return
      const durations = this.#durations.ofRoute('GET', route.url)
      route.onSend = [
        ...[route.onSend ?? []].flat(),
        (request, reply, answer, done) => {
          this.#keep(request.raw, reply, answer, durations)
          done()
        },
      ]
    })
  }

  #keep(request: IncomingMessage, reply: FastifyReply, text: unknown, durations: RouteDurations): void {
    const version = this.#versions.get(request)
    const tag = reply.getHeader('etag')
    // What took so long that another version was seen meanwhile may be older than that.
    if (version === undefined || version !== this.#version || typeof text !== 'string') return
    if (reply.statusCode !== 200 || typeof tag !== 'string') return
    if (this.#keptCharacters > mostKept) this.#forget()
    const { url = '' } = request
    const headers = Object.entries(reply.getHeaders()).flatMap(([name, value]) => [name, String(value)])
    headers.push('content-length', String(Buffer.byteLength(text)))
    this.#kept.set(url, { tag, text, headers, durations })
    this.#keptCharacters += url.length + text.length
  }

  /** From now on every request is handed on. */
  stop(): void {
    this.#isStopped = true
  }

  #answer(request: IncomingMessage, response: ServerResponse): boolean {
    const { method, url = '', headers } = request
    if (method !== 'GET' || url.includes('?') || this.#isStopped) return false
    const version = this.#versionNow()
    if (version === undefined) return false
    const kept = this.#kept.get(url)
    if (!kept) {
      this.#versions.set(request, version)
      return false
    }
    const start = performance.now()
    const known = headers['if-none-match']
    const status = known !== undefined && isKnown(kept.tag, known) ? 304 : 200
    if (status === 304) response.writeHead(status, ['etag', kept.tag]).end()
    else response.writeHead(status, kept.headers as string[]).end(kept.text)
    kept.durations.record(status, performance.now() - start)
    return true
  }

  /**
   * Forgets what may have changed. Undefined if that cannot be told: then nothing is kept. Asked once for all requests that
   * have arrived when the event loop comes to them: it takes 5 µs, and that is as much as such an answer.
   */
  #versionNow(): number | undefined {
    if (this.#isAsked) return this.#version
    this.#isAsked = true
    setImmediate(() => (this.#isAsked = false))
    let version: number | undefined
    try {
      version = this.#readStore.dataVersion()
    } catch {
      // Whoever asks the store next says what is wrong with it.
    }
    if (version === undefined || version !== this.#version) this.#forget()
    this.#version = version
    return version
  }

  #forget(): void {
    this.#kept.clear()
    this.#keptCharacters = 0
  }
}
