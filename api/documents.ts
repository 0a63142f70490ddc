import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'

export const jsonType = 'application/json; charset=utf-8'

/** Of every read of one document. */
export const DocumentHeaders = Type.Object({
  'if-none-match': Type.Optional(
    Type.String({ description: 'entity tags: a document that has one of them is not sent again' }),
  ),
})

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Without a query, a document of this route follows from its URL and the read models alone. */
    readonly isOfReadModels?: boolean
  }
}

/** The configuration of such a route: its answers may be kept (api/kept-answers.ts). */
export const ofReadModels = { isOfReadModels: true }

/** Sends a document, with its entity tag; 304 if the client has it already. */
export function sendDocument(request: FastifyRequest, reply: FastifyReply, text: string): FastifyReply {
  const tag = entityTag(text)
  reply.header('etag', tag)
  const known = request.headers['if-none-match']
  if (known !== undefined && isKnown(tag, known)) return reply.code(304).send()
  return reply.header('content-type', jsonType).send(text)
}

/** A strong one: it follows from the bytes. 0.6 µs for a billing period. */
function entityTag(text: string): string {
  return `"${hash('sha1', text, 'base64url')}"`
}

/** Whether `If-None-Match` names a tag. The comparison (RFC 9110 section 13.1.2) is weak: `W/` makes no difference. */
export function isKnown(tag: string, header: string): boolean {
  if (header === tag || header === '*') return true
  return header.split(',').some((one) => one.trim().replace(/^W\//, '') === tag)
}
