import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { problemAnswers, ProblemSchema } from './answers.js'
import { jsonType, sendDocument } from './documents.js'
import { referencePage, type OpenApiDocument } from './reference-page.js'
import type { Server } from './services.js'

/** Sends nothing but its own style sheet along, and asks the network for nothing. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

/** Of any part of a path that is up to the client. */
const tooLong = problemAnswers('address-too-long')

/** Describes the routes that are added after this. */
export async function describeRoutes(server: FastifyInstance, version: string): Promise<void> {
  server.addSchema(ProblemSchema)
  await server.register(swagger, {
    convertConstToEnum: false,
    refResolver: {
      buildLocalReference: ({ $id }, _base, _fragment, i) => (typeof $id === 'string' ? $id : `schema-${i}`),
    },
    transform: ({ schema, url, route: { method } }) => ({
      schema: {
        ...schema,
        operationId: operationId(String(method), url),
        response: { ...(url.includes(':') && tooLong), ...(schema?.response as object | undefined) },
      },
      url,
    }),
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tidemark',
        version,
        description:
          'Event-sourced metering and billing. Writes answer once they are durable, with the position of the log that ' +
          'they came to; a read with that `minPosition` includes them. Lists are `{items, next}`: `next` is the ' +
          '`cursor` of the next page. Errors are problem documents (RFC 9457) with a stable `code`.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
    },
  })
}

/** What programs generated from the document call a route: `getAgreementsIdBillingPeriods`. */
function operationId(method: string, url: string): string {
  const words = url.match(/[a-z\d]+/gi) ?? []
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}

/** `/openapi.json`, and `/docs` to read it. Both are made once, when all routes are known. */
export function documentationRoutes(server: Server): void {
  let text: string | undefined
  let page: string | undefined
  const hidden = { schema: { hide: true } }
  server.get('/openapi.json', hidden, async (request, reply) => {
    text ??= JSON.stringify(server.swagger())
    return sendDocument(request, reply.type(jsonType), text)
  })
  server.get('/docs', hidden, async (_request, reply) => {
    page ??= referencePage(JSON.parse(JSON.stringify(server.swagger())) as OpenApiDocument)
    return reply.type('text/html; charset=utf-8').header('content-security-policy', policy).send(page)
  })
  server.get('/', hidden, async (_request, reply) => reply.redirect('/docs'))
}
