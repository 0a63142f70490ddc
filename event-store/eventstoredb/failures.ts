import { ErrorType } from '@eventstore/db-client'
import { EventStoreError, InvalidEvent, LogAccessDenied, LogUnreachable, LogUnusable } from '../errors.js'
import type { Address } from './address.js'

/** Something that asking again may mend, noticed on this side. */
export class MayPass extends Error {}

/** The server did not answer in time. What was asked of it may have been done all the same. */
export class NoAnswer extends MayPass {
  constructor(milliseconds: number) {
    super(`no answer in ${milliseconds} ms`)
  }
}

/** gRPC: the user is not allowed to, or not known. */
const [permissionDenied, unauthenticated] = [7, 16]
const unavailable = 14
/** gRPC: cancelled, unknown, deadline exceeded, resource exhausted, aborted, internal, unavailable. */
const passingCodes = new Set<unknown>([1, 2, 4, 8, 10, 13, 14])
const passingTypes = new Set<unknown>([
  ErrorType.TIMEOUT,
  ErrorType.DEADLINE_EXCEEDED,
  ErrorType.UNAVAILABLE,
  ErrorType.CANCELLED,
  ErrorType.UNKNOWN,
  ErrorType.NOT_LEADER,
])

interface Failure {
  readonly type?: string
  readonly code?: unknown
  readonly message?: string
}

export function isOfType(error: unknown, type: ErrorType): boolean {
  return (error as Failure | undefined)?.type === type
}

/**
 * What an error means that asking again does not mend. Undefined: it may pass (the server is down, busy, electing a
 * leader, the connection was cut), and what was asked for may have happened or not.
 */
export function lastingFailure(error: unknown): Error | undefined {
  if (error instanceof EventStoreError) return error
  const { code } = error as Failure
  if (isOfType(error, ErrorType.ACCESS_DENIED) || code === permissionDenied || code === unauthenticated) {
    return new LogAccessDenied(
      'EventStoreDB does not let this user do that: check user and password in the connection string; ' +
        'the user must be allowed to write, and to read $all (members of $admins are)',
      { cause: error },
    )
  }
  if (isOfType(error, ErrorType.STREAM_DELETED)) {
    const { streamName } = error as { streamName?: string }
    return new LogUnusable(
      `the stream ${streamName} was deleted for good in EventStoreDB: nothing can be read from it or appended to it`,
      { cause: error },
    )
  }
  if (isOfType(error, ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED)) {
    const { maxAppendSize } = error as { maxAppendSize?: number }
    const sizes = `this EventStoreDB takes ${maxAppendSize} bytes at once (MaxAppendSize), less than its default`
    return new InvalidEvent(`${sizes}: raise it, or append less at a time`, { cause: error })
  }
  if (mayPass(error)) return undefined
  return error instanceof Error ? error : new Error(String(error))
}

/** Whether the server has no record at the place where it was asked to read. Its versions say so differently. */
export function isUnknownPlace(error: unknown): boolean {
  const { code, message = '' } = error as Failure
  return code !== unavailable && /position|ReadAllResult/i.test(message)
}

function mayPass(error: unknown): boolean {
  const { type, code, message = '' } = error as Failure
  if (error instanceof MayPass || message.startsWith('Failed to discover')) return true
  if (type !== undefined) return passingTypes.has(type)
  return (
    passingCodes.has(code) || (typeof code === 'string' && /^(ECONN|EPIPE|ERR_STREAM|ERR_HTTP2)/.test(code))
  )
}

/** Trying is over. The message says where, what was met last, and what may be done. */
export function unreachable({ shown, secure }: Address, error: unknown): LogUnreachable {
  const sentence = sentenceOf(error)
  return new LogUnreachable(
    `EventStoreDB at ${shown} cannot be used: ${sentence}. ${advice(sentence, secure)}`,
    {
      cause: error,
    },
  )
}

/** Whether it is plain that server and client do not agree on TLS. */
export function isTlsMismatch(error: unknown): boolean {
  return /SSL routines|EPROTO|wrong version number|certificate/i.test((error as Failure).message ?? '')
}

/** What an error of the client says, in one line. */
export function sentenceOf(error: unknown): string {
  if (isOfType(error, ErrorType.DEADLINE_EXCEEDED)) return tooLate
  const [line = ''] = String((error as Failure).message ?? error).split('\n')
  return line
    .replace(/^\d+ [A-Z_]+: /, '')
    .replace(/^No connection established\. Last error: (Error: )?/, '')
    .replace(/^[0-9A-F]+:error:[0-9A-F]+:/, '')
    .replace(/\.? ?Resolution note:\s*$/, '')
    .replace(/ \(\d{4}-[^)]*\)/, '')
    .trim()
}

const tooLate = 'the server says that time had run out'

function advice(sentence: string, secure: boolean): string {
  if (/certificate/i.test(sentence))
    return 'Give the certificate of its authority with tlsCAFile, and the host name that the certificate is for.'
  if (isTlsMismatch({ message: sentence }))
    return 'The server speaks no TLS: add tls=false to the connection string, or let the server have a certificate.'
  if (/name resolution|ENOTFOUND|EAI_AGAIN/i.test(sentence))
    return 'Check the host name in the connection string.'
  if (/failed to connect|protocol error|ECONNRESET/i.test(sentence) && !secure) {
    return 'Something answers there, but not EventStoreDB without TLS: check the port, and leave tls=false away if the server uses TLS.'
  }
  if (sentence === tooLate)
    return 'Check its load, and that its clock and the one here differ by less than 10 minutes.'
  return 'Check that the server runs, and host and port in the connection string.'
}
