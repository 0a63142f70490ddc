import { Type, type TSchema } from 'typebox'
import type { Server } from './services.js'
import { problems, type ProblemCode } from './problem.js'

/** How an answer is described in the OpenAPI document. */

const RequestFaultSchema = Type.Object({
  path: Type.String({ description: 'A JSON pointer into the body, or `/` and the name of the parameter.' }),
  code: Type.String(),
  detail: Type.String(),
})

/** A problem document (RFC 9457), whatever the problem. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: 'Leads to the table of all codes.' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'Stable: for programs.' }),
    detail: Type.String({ description: 'What happened in this case: for people.' }),
    errors: Type.Optional(
      Type.Array(RequestFaultSchema, { description: 'Every fault of the request, at most 1000 of them.' }),
    ),
  },
  { $id: 'Problem', description: 'What went wrong (RFC 9457).', additionalProperties: true },
)

/**
 * Gives a schema a name in the OpenAPI document: whoever uses the answer refers to it.
 *
 * @param name as programs generated from the document will call it
 */
export function component(server: Server, name: string, schema: TSchema): TSchema {
  if (server.getSchema(name) === undefined) server.addSchema({ ...schema, $id: name })
  return reference(name)
}

function reference(name: string): TSchema {
  return Type.Unsafe({ $ref: `${name}#` })
}

/** A successful answer in JSON. */
export function json(description: string, schema: TSchema) {
  return { description, content: { 'application/json': { schema } } }
}

/** One document, or a page about it, in JSON; as of the past if that is asked for. */
export function documentAnswer(description: string, schema: TSchema) {
  const position = Type.Integer({ description: 'Of an answer to `asOf`: the position that it is as of.' })
  const etag = Type.String({ description: 'For `If-None-Match`.' })
  return { ...json(description, schema), headers: { etag, 'as-of-position': position } }
}

/** A page of a list. */
export function listOf(items: TSchema) {
  return Type.Object({
    items: Type.Array(items),
    next: Type.Union([Type.String(), Type.Null()], {
      description: 'The `cursor` of the next page; null on the last one.',
    }),
  })
}

/** The problems that a route may answer with, by status. Any route may also answer 500. */
export function problemAnswers(...codes: readonly ProblemCode[]) {
  const byStatus: Record<number, { description: string; content: object }> = {}
  for (const code of [...codes, 'internal-error'] as const) {
    const { status, title } = problems[code]
    const known = byStatus[status]
    const description = known ? `${known.description}; \`${code}\`: ${title}` : `\`${code}\`: ${title}`
    byStatus[status] = {
      description,
      content: { 'application/problem+json': { schema: reference('Problem') } },
    }
  }
  return byStatus
}

/** Of routes that write. All of them take a body, if only an empty one. */
export const writeProblems = [
  'malformed-json',
  'body-too-large',
  'unsupported-media-type',
  'store-busy',
  'disk-full',
] as const
/** Of reads that can wait. */
export const readProblems = ['invalid-parameter', 'not-caught-up'] as const
/** Of reads of one document, which may be as of the past. */
export const documentProblems = [
  'not-found',
  ...readProblems,
  'too-many-long-reads',
  'unknown-schema-version',
  'not-ready',
] as const
/** Of lists. */
export const listProblems = ['invalid-parameter', 'invalid-cursor', 'not-caught-up'] as const
/** Of documents that `If-None-Match` may spare. */
export const notModified = { 304: { description: 'The document is the one that `If-None-Match` names.' } }
