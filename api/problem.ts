/** Every problem that the API answers with: its code, which is stable, the HTTP status and a title. */
export const problems = {
  'malformed-request': { status: 400, title: 'The request is not HTTP as it should be' },
  'malformed-json': { status: 400, title: 'The body is not JSON' },
  'invalid-request': { status: 400, title: 'The body is not what the route takes' },
  'invalid-parameter': {
    status: 400,
    title: 'A part of the address or a header is not what the route takes',
  },
  'invalid-cursor': { status: 400, title: 'The cursor is not one of this list' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'method-not-allowed': { status: 405, title: 'The route does not take this method' },
  'request-timeout': { status: 408, title: 'The request did not come in time' },
  'conflicting-duplicate': { status: 409, title: 'A record of this identity has other content' },
  'idempotency-key-reused': { status: 409, title: 'The idempotency key was used for another request' },
  'already-recovered': { status: 409, title: 'The dead letter has been recovered' },
  'not-unresolved': { status: 409, title: 'The session is not unresolved' },
  'revision-conflict': { status: 409, title: 'Somebody else did the same at the same time' },
  'rebuild-running': { status: 409, title: 'The projection is being rebuilt' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'too-many-records': { status: 413, title: 'The array has too many records' },
  'address-too-long': { status: 414, title: 'The address is too long' },
  'unsupported-media-type': { status: 415, title: 'The body is of a type that the route does not take' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  'internal-error': { status: 500, title: 'Something went wrong here' },
  'not-caught-up': { status: 503, title: 'The read model is not there yet' },
  'too-many-long-reads': { status: 503, title: 'Too many requests read the log' },
  'unknown-schema-version': { status: 503, title: 'A newer program has written the log' },
  'not-ready': { status: 503, title: 'The service is not ready' },
  'schema-registry-unavailable': { status: 503, title: 'The schema registry does not help' },
  'disk-full': { status: 507, title: 'The disk is full' },
  'store-busy': { status: 503, title: 'The store is busy' },
} as const

export type ProblemCode = keyof typeof problems

/** What is wrong with one part of a request. */
export interface RequestFault {
  /** Where: a JSON pointer (RFC 6901) into the body, or `/` and the name of the parameter. */
  readonly path: string
  /** A code of docs/errors.md. */
  readonly code: string
  readonly detail: string
}

/** A request that is answered with a problem document (RFC 9457). */
export class Problem extends Error {
  override get name(): string {
    return 'Problem'
  }

  /**
   * @param detail a sentence about this case, for people
   * @param members extension members of the document
   * @param headers of the response
   */
  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly members: object = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail)
  }

  get status(): number {
    return problems[this.code].status
  }

  /** The document as JSON text. Its `type` leads to the table of codes in the reference page. */
  get text(): string {
    const { code, status, detail, members } = this
    const { title } = problems[code]
    return JSON.stringify({ type: `/docs#${code}`, title, status, code, detail, ...members })
  }
}

export const problemType = 'application/problem+json; charset=utf-8'
