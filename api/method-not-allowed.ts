import type { FastifyRequest } from 'fastify'
import { Problem } from './problem.js'
import type { Server } from './services.js'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/**
 * Answers the methods that a route does not take: 405 with `Allow`, and `OPTIONS` with `Allow` alone. Call it before
 * the routes are added, and the function that it returns after them.
 */
export function refuseOtherMethods(server: Server): () => void {
  const taken = new Map<string, Set<string>>()
  server.addHook('onRoute', ({ method, url }) => {
    const known = taken.get(url) ?? new Set<string>()
    for (const one of [method].flat()) known.add(one)
    taken.set(url, known)
  })
  return () => {
    for (const [url, known] of [...taken]) refuseOthers(server, url, [...known])
  }
}

function refuseOthers(server: Server, url: string, known: readonly string[]): void {
  const allow = [...known, 'OPTIONS'].join(', ')
  const refuse = async ({ method }: FastifyRequest) => {
    const detail = `${url} takes ${allow}, not ${method}`
    throw new Problem('method-not-allowed', detail, {}, { allow })
  }
  const hidden = { schema: { hide: true } }
  const others = methods.filter((method) => method !== 'OPTIONS' && !known.includes(method))
  // Before the body is looked at: what is in it does not matter.
  server.route({ ...hidden, method: others, url, onRequest: refuse, handler: refuse })
  server.options(url, hidden, async (_request, reply) => reply.code(204).header('allow', allow).send())
}
