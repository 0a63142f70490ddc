import { createHash, randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { answerOnce } from '../commands/answer-once.js'
import type { EventStore } from '../event-store/port.js'
import type { JsonBody } from './json-body.js'

/** Carries requests out once for each `Idempotency-Key`. A key belongs to its route. */
export class IdempotentRequests {
  readonly #eventStore: EventStore
  /** The last request under way for each key: the next one waits for it, so that it finds its answer. */
  readonly #underWay = new Map<string, Promise<unknown>>()

  constructor(eventStore: EventStore) {
    this.#eventStore = eventStore
  }

  /**
   * Does the work of a request, unless it was done before.
   *
   * @param prepare throws if the request is faulty: then its key stays free. It gets the source of the request's records:
   *   the same for a repetition, so that the work has its effect once even where a crash came between it and its answer
   * @throws {KeyReused} the key was used for a request with another body or address
   */
  async answer<Answer extends object>(
    request: FastifyRequest,
    prepare: (source: string) => () => Promise<Answer>,
  ): Promise<Answer> {
    const header = request.headers['idempotency-key']
    if (typeof header !== 'string') return prepare(`http:${randomUUID()}`)()
    const key = `${request.method} ${request.routeOptions.url ?? ''}:${header}`
    const work = prepare(`key:${key}`)
    const before = this.#underWay.get(key)
    const answer = this.#after(before, () =>
      answerOnce(this.#eventStore, { key, digest: digestOf(request) }, work),
    )
    this.#underWay.set(key, answer)
    try {
      return await answer
    } finally {
      if (this.#underWay.get(key) === answer) this.#underWay.delete(key)
    }
  }

  async #after<Answer>(before: Promise<unknown> | undefined, work: () => Promise<Answer>): Promise<Answer> {
    await before?.catch(() => {})
    return work()
  }
}

function digestOf({ method, url, body }: FastifyRequest): string {
  const text = (body as JsonBody | undefined)?.text ?? ''
  return createHash('sha256').update(`${method} ${url}\n`).update(text).digest('hex')
}
