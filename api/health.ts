import { Type } from 'typebox'
import { projectionStates } from '../projections/running/status.js'
import { json, problemAnswers } from './answers.js'
import { Problem } from './problem.js'
import type { Server, Services } from './services.js'
import { answerOf } from './answer-soon.js'

const tags = ['Operations']

export function healthRoutes(server: Server, services: Services): void {
  const liveSchema = {
    summary: 'Is the process alive?',
    tags,
    response: { 200: json('It is.', Type.Object({ status: Type.Literal('live') })), ...problemAnswers() },
  }
  server.get('/health/live', { schema: liveSchema }, async (_request, reply) =>
    reply.send({ status: 'live' }),
  )

  const readySchema = {
    summary: 'Can it do its work? If not, the answer says why, in `reasons`',
    tags,
    response: {
      200: json('It can.', Type.Object({ status: Type.Literal('ready') })),
      ...problemAnswers('not-ready'),
    },
  }
  server.get('/health/ready', { schema: readySchema }, async (_request, reply) => {
    const reasons = [...(await reasonsAgainst(services)), ...(services.bridge?.troubles() ?? [])]
    if (reasons.length > 0) throw new Problem('not-ready', reasons.join('; '), { reasons })
    return reply.send({ status: 'ready' })
  })
}

/** Why no work can be done, as sentences. */
async function reasonsAgainst({ eventStore, projections, readStore }: Services): Promise<string[]> {
  try {
    const states = await answerOf(() => projectionStates(projections, eventStore, readStore))
    return states.flatMap(({ name, state, failure }) => {
      if (state === 'missing') return [`the projection ${name} has not been built`]
      return state === 'failed' ? [`the projection ${name} has stopped: ${failure?.reason ?? ''}`] : []
    })
  } catch (error) {
    return [`a store does not answer: ${error instanceof Error ? error.message : String(error)}`]
  }
}
