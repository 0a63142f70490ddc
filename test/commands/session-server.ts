import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/** What the session service of a test does when it is asked for a session. */
export type Behaviour = (sessionId: string, response: ServerResponse, request: IncomingMessage) => void

/** A real session service, that behaves as badly as a test wants. */
export interface SessionServer {
  readonly url: string
  /** The sessions that were asked for, in order. */
  readonly asked: string[]
  /** How many requests were under way at once, at most. */
  most: number
  behave(behaviour: Behaviour): void
}

export const answers =
  (country: string): Behaviour =>
  (_, response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ clientCountryCode: country }))

export const status =
  (code: number, body = ''): Behaviour =>
  (_, response) =>
    response.writeHead(code).end(body)

export const garbage =
  (body: string): Behaviour =>
  (_, response) =>
    response.end(body)

/** Takes the request, and never answers. */
export const hangs: Behaviour = () => {}

/** Answers the header, and then a little now and then, for ever. */
export const drips: Behaviour = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  const timer = setInterval(() => response.write(' '), 10)
  response.on('close', () => clearInterval(timer))
}

/** Never stops talking. */
export const floods: Behaviour = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  const more = () => {
    while (response.writable && response.write(Buffer.alloc(65_536, ' '))) continue
  }
  response.on('drain', more)
  more()
}

export const breaksOff: Behaviour = (_, response) => {
  response.writeHead(200, { 'content-length': '100' })
  response.write('{"clientCountryCode":', () => response.destroy())
}

export const slowly =
  (milliseconds: number, behaviour: Behaviour): Behaviour =>
  (sessionId, response, request) =>
    void setTimeout(() => behaviour(sessionId, response, request), milliseconds)

export async function startSessionServer(t: Test, behaviour: Behaviour): Promise<SessionServer> {
  let behave = behaviour
  let underWay = 0
  const asked: string[] = []
  const server: Server = createServer((request, response) => {
    const sessionId = decodeURIComponent(/\/sessions\/([^/]*)$/.exec(request.url ?? '')?.[1] ?? '')
    asked.push(sessionId)
    service.most = Math.max(service.most, ++underWay)
    response.on('close', () => underWay--)
    behave(sessionId, response, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const service: SessionServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    most: 0,
    behave: (next) => (behave = next),
  }
  return service
}
