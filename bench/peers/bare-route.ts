import Fastify from 'fastify'

/**
 * A process that serves one Fastify route: each path has an answer in memory, with headers and body as they were
 * given, and that is sent. Told of the answers by its parent; ends when that does.
 */

/** What the parent sends. */
export type Answers = readonly (readonly [path: string, answer: Answer])[]
export interface Answer {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What the parent gets back, once the server listens. */
export interface Listening {
  readonly port: number
}

process.once('disconnect', () => process.exit())
process.once('message', (sent: Answers) => void serve(new Map(sent)))

async function serve(answers: ReadonlyMap<string, Answer>): Promise<void> {
  const server = Fastify()
  server.get('/agreements/:id/billing-periods/:month', (request, reply) => {
    const answer = answers.get(request.url)
    if (!answer) throw new Error(`there is no answer for ${request.url}`)
    reply.headers(answer.headers).send(answer.body)
  })
  await server.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.server.address() as Listening
  process.send?.({ port } satisfies Listening)
}
