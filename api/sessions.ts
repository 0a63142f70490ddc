import { Type } from 'typebox'
import { retrySession } from '../commands/retry-session.js'
import { SessionEventInput } from '../domain/session-input.js'
import { moneyEnriched } from '../projections/money/money-enriched.js'
import { listUnresolvedSessions } from '../projections/queries/sessions.js'
import { component, json, listOf, listProblems, problemAnswers, writeProblems } from './answers.js'
import { asTexts, sendList } from './lists.js'
import { ListQuery, WriteHeaders } from './parameters.js'
import { intakeRoute } from './record-intake.js'
import type { Server, Services } from './services.js'

const tag = 'Money'
const tags = [tag]

const UnresolvedSessionAnswer = Type.Object({
  sessionId: Type.String(),
  reason: Type.Union([Type.Literal('unknown-session'), Type.Literal('service-failed')], {
    description: 'The session service does not know the session, or gave no usable answer.',
  }),
  detail: Type.String(),
  lookups: Type.Integer({ description: 'How often it was looked up.' }),
  at: Type.String({ description: 'When it last failed: ISO 8601, UTC.' }),
})

const RetriedAnswer = Type.Object({
  sessionId: Type.String(),
  position: Type.Integer({ description: 'Read with this `minPosition` to see its money pending again.' }),
})

export function sessionRoutes(server: Server, services: Services): void {
  intakeRoute(server, services, {
    kind: 'session-events',
    name: 'SessionEventInput',
    schema: SessionEventInput,
    summary: 'Take events of sessions in',
    tag,
  })
  const { caughtUp, eventStore, idempotent, readStore } = services

  const listSchema = {
    summary: 'Sessions of which the session service gave no answer, in the order in which they failed',
    tags,
    querystring: ListQuery,
    response: {
      200: json('A page of them.', listOf(component(server, 'UnresolvedSession', UnresolvedSessionAnswer))),
      ...problemAnswers(...listProblems),
    },
  }
  server.get('/sessions/unresolved', { schema: listSchema }, async (request, reply) => {
    const { minPosition } = request.query
    await caughtUp.documents(moneyEnriched.name, minPosition)
    const read = asTexts((page) => listUnresolvedSessions(readStore, page))
    return sendList(reply, 'unresolved-sessions', request.query, read)
  })

  const retrySchema = {
    summary: 'Have the session service asked again for an unresolved session. The answer comes later',
    tags,
    params: Type.Object({ id: Type.String({ description: 'the id of a session' }) }),
    headers: WriteHeaders,
    response: {
      200: json('Its money is pending again.', RetriedAnswer),
      ...problemAnswers(
        'invalid-parameter',
        'not-found',
        'not-unresolved',
        'idempotency-key-reused',
        'revision-conflict',
        ...writeProblems,
      ),
    },
  }
  server.post('/sessions/:id/retry', { schema: retrySchema }, async (request, reply) => {
    const { id } = request.params
    return reply.send(await idempotent.answer(request, () => () => retrySession(eventStore, id)))
  })
}
