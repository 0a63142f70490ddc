import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Socket } from 'node:net'
import { Problem, problems, problemType, type ProblemCode } from './problem.js'

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
export function handleError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error, request)
  if (problem.code === 'internal-error') {
    const { id, method, url } = request
    request.log.error({ err: error, requestId: id, method, url }, 'a request failed')
  }
  return sendProblem(reply, problem)
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
  const head = `HTTP/1.1 ${problem.status} ${code}\r\ncontent-type: ${problemType}\r\nconnection: close\r\n`
  socket.end(`${head}content-length: ${Buffer.byteLength(problem.text)}\r\n\r\n${problem.text}`)
}

function problemOf(error: FastifyError, request: FastifyRequest): Problem {
  // Where there is no route, the body does not matter.
  if (request.is404 && !addressErrors.includes(error.code)) return notFound(request)
  if (error instanceof Problem) return error
  const code = meanings[error.code]
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
