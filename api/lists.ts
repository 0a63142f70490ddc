import { hash } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import type { Page, PageRequest } from '../projections/queries/page.js'
import { jsonType } from './documents.js'
import type { ListQuery } from './parameters.js'
import { Problem } from './problem.js'

const defaultLimit = 100

/**
 * Answers a page of a list: `{items, next}`, where `next` is null on the last page.
 *
 * A cursor belongs to its list, whatever engine made it.
 *
 * @param list names the list: its route and what it is filtered by
 * @param read a page of items as JSON texts
 */
export async function sendList(
  reply: FastifyReply,
  list: string,
  query: ListQuery,
  read: (request: PageRequest) => Promise<Page<string>>,
): Promise<FastifyReply> {
  const tag = hash('sha1', list, 'base64url').slice(0, 8)
  const { limit = defaultLimit, cursor } = query
  const { items, next } = await read({
    limit,
    after: cursor === undefined ? undefined : readCursor(tag, cursor),
  })
  const nextCursor = next === undefined ? 'null' : JSON.stringify(`${tag}.${next}`)
  return reply.type(jsonType).send(`{"items":[${items.join(',')}],"next":${nextCursor}}`)
}

/** The same of items that are not stored as text. */
export function asTexts<Item>(read: (request: PageRequest) => Promise<Page<Item>>) {
  return async (request: PageRequest): Promise<Page<string>> => {
    const { items, next } = await read(request)
    return { items: items.map((item) => JSON.stringify(item)), next }
  }
}

function readCursor(tag: string, cursor: string): string {
  if (!cursor.startsWith(`${tag}.`)) {
    throw new Problem(
      'invalid-cursor',
      'the cursor is not one that this list gave out: start again without it',
    )
  }
  return cursor.slice(tag.length + 1)
}
