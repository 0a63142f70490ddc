import { Type } from 'typebox'
import { problemAnswers } from './answers.js'
import type { Server, Services } from './services.js'

export function metricsRoute(server: Server, { metrics }: Services): void {
  const schema = {
    summary: 'Figures for Prometheus',
    tags: ['Operations'],
    response: {
      200: { description: 'In the text format.', content: { 'text/plain': { schema: Type.String() } } },
      ...problemAnswers(),
    },
  }
  server.get('/metrics', { schema }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  )
}
