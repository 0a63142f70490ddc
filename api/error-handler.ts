import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { finished } from 'node:stream/promises'
import { Problem, problems, problemType, type ProblemCode } from './problem.js'

/** How long the rest of a body is passed over, in milliseconds. */
const longestPassing = 10_000
/** How soon it may be better, in seconds. */
const retryAfter = { 'retry-after': '1' }

/** What errors from below mean to a client, by their codes. Any other error is one of ours. */
const meanings: Readonly<Record<string, ProblemCode>> = {
  'idempotency-key-reused': 'idempotency-key-reused',
  'invalid-cursor': 'invalid-cursor',
  'revision-conflict': 'revision-conflict',
  'unknown-dead-letter': 'not-found',
  'unknown-session': 'not-found',
  'not-unresolved': 'not-unresolved',
  'already-recovered': 'already-recovered',
  'not-caught-up': 'not-caught-up',
  'read-model-missing': 'not-caught-up',
  'nothing-to-explain': 'not-found',
  'projection-failed': 'not-ready',
  'unknown-schema-version': 'unknown-schema-version',
  'schema-registry-unavailable': 'schema-registry-unavailable',
  'database-busy': 'store-busy',
  'disk-full': 'disk-full',
  'read-store-unavailable': 'store-busy',
  'log-unreachable': 'store-busy',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed-request',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_BAD_URL: 'malformed-request',
  FST_ERR_MAX_PARAM_LENGTH: 'address-too-long',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
}

const addressErrors = ['FST_ERR_BAD_URL', 'FST_ERR_MAX_PARAM_LENGTH']

const details: Partial<Record<ProblemCode, string>> = {
  'unsupported-media-type': 'send JSON, with the header Content-Type: application/json',
  // The messages of the engines name hosts.
  'disk-full': 'the disk is full: nothing of this was written; make room, then try again',
  'store-busy': 'a store cannot be used at the moment: nothing is known to be written; try again soon',
}

/** Answers whatever was thrown with a problem document. What nobody foresaw is logged, and not told. */
export async function handleError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const problem = problemOf(error, request)
  if (problem.code === 'internal-error') {
    const { id, method, url } = request
    request.log.error({ err: error, requestId: id, method, url }, 'a request failed')
  }
  if (problem.code === 'body-too-large') await passOver(request.raw)
  return sendProblem(reply, problem)
}

/**
 * Reads the rest of a body, and leaves it at that. A client that is still sending when the connection ends does not get
 * to see the answer.
 */
async function passOver(body: IncomingMessage): Promise<void> {
  const ended = finished(body, { writable: false, signal: AbortSignal.timeout(longestPassing) })
  body.resume()
  await ended.catch(() => {})
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.code(problem.status).headers(problem.headers).type(problemType).send(problem.text)
}

/** Answers what is not even a request, on the bare connection. */
export function handleClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const code = meanings[error.code ?? ''] ?? 'malformed-request'
  const problem = new Problem(code, `the request is refused: ${error.code ?? 'it cannot be read'}`)
  const phrase = STATUS_CODES[problem.status] ?? ''
  const head = `HTTP/1.1 ${problem.status} ${phrase}\r\ncontent-type: ${problemType}\r\nconnection: close\r\n`
  socket.end(`${head}content-length: ${Buffer.byteLength(problem.text)}\r\n\r\n${problem.text}`)
}

function problemOf(error: FastifyError, request: FastifyRequest): Problem {
  // Where there is no route, the body does not matter.
  if (request.is404 && !addressErrors.includes(error.code)) return notFound(request)
  if (error instanceof Problem) return error
  // Where the body ends with an error, the client has gone away: that is none of ours.
  const code = request.raw.errored ? 'malformed-request' : meanings[error.code]
  if (code === undefined) {
    return new Problem('internal-error', `the request failed; the log says why, under the id ${request.id}`)
  }
  const headers = problems[code].status === 503 ? retryAfter : {}
  return new Problem(code, details[code] ?? error.message, {}, headers)
}

export function notFound({ method, url }: FastifyRequest): Problem {
  return new Problem('not-found', `there is no route ${method} ${pathOf(url)}: /docs lists them`)
}

function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}
