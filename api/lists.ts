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
  const cursors = new Cursors(list)
  const { items, next } = await read(cursors.request(query))
  return reply.type(jsonType).send(`{"items":[${items.join(',')}],"next":${cursors.next(next)}}`)
}

/** The cursors that a list gives out: each says which list it is of. */
export class Cursors {
  readonly #tag: string

  /** @param list names it: its route and what it is filtered by */
  constructor(list: string) {
    this.#tag = hash('sha1', list, 'base64url').slice(0, 8)
  }

  /**
   * Which part of the list is asked for.
   *
   * @throws {Problem} the cursor is of another list
   */
  request({ limit = defaultLimit, cursor }: ListQuery): PageRequest {
    if (cursor === undefined) return { limit }
    if (!cursor.startsWith(`${this.#tag}.`)) {
      throw new Problem(
        'invalid-cursor',
        'the cursor is not one that this list gave out: start again without it',
      )
    }
    return { limit, after: cursor.slice(this.#tag.length + 1) }
  }

  /** The cursor of the next page, as JSON: null on the last one. */
  next(next: string | undefined): string {
    return next === undefined ? 'null' : JSON.stringify(`${this.#tag}.${next}`)
  }
}

/** The same of items that are not stored as text. */
export function asTexts<Item>(read: (request: PageRequest) => Promise<Page<Item>>) {
  return async (request: PageRequest): Promise<Page<string>> => {
    const { items, next } = await read(request)
    return { items: items.map((item) => JSON.stringify(item)), next }
  }
}
