import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { Problem } from './problem.js'

/** A body that was read: its value, and its text for whoever needs the bytes as they came. */
export interface JsonBody {
  readonly text: string
  readonly value: unknown
}

/**
 * Takes JSON bodies, and no others. A key such as `__proto__` is a field like any other, and no record has it.
 */
export function takeJson(server: FastifyInstance): void {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser(
    /^application\/(?:[^;]+\+)?json\s*(?:;|$)/i,
    { parseAs: 'buffer' },
    ({ headers }, body, done) => {
      try {
        refuseEncoding(headers['content-encoding'])
        done(null, parseJson(body as Buffer))
      } catch (error) {
        done(error as Error)
      }
    },
  )
}

/** The body of a route that needs one. */
export function bodyOf(request: { readonly body?: unknown }): JsonBody {
  if (request.body === undefined) throw new Problem('malformed-json', 'the body is empty: it takes JSON')
  return request.body as JsonBody
}

function refuseEncoding(encoding: string | undefined): void {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return
  throw new Problem('unsupported-media-type', `the body is encoded as ${encoding}: send it as it is`)
}

function parseJson(body: Buffer): JsonBody | undefined {
  if (body.length === 0) return undefined
  if (!isUtf8(body)) throw new Problem('malformed-json', 'the body is not UTF-8')
  const start = body.indexOf(byteOrderMark) === 0 ? byteOrderMark.length : 0
  const text = body.toString('utf8', start)
  try {
    return { text, value: JSON.parse(text) }
  } catch (error) {
    throw new Problem(
      'malformed-json',
      `the body cannot be read: ${error instanceof Error ? error.message : ''}`,
    )
  }
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])
