import { Type } from 'typebox'
import { retryDeadLetter } from '../bridge/dead-letter-retry.js'
import { kindNames } from '../bridge/formats/kind-names.js'
import { pastOfDeadLetter } from '../projections/dead-letters/past.js'
import { deadLetters } from '../projections/dead-letters/dead-letters.js'
import { findDeadLetter, listDeadLetters } from '../projections/queries/dead-letters.js'
import {
  component,
  documentAnswer,
  documentProblems,
  json,
  listOf,
  listProblems,
  notModified,
  problemAnswers,
  writeProblems,
} from './answers.js'
import { DocumentHeaders, ofReadModels, sendDocument } from './documents.js'
import { sendList } from './lists.js'
import { DocumentQuery, listParameters, WriteHeaders } from './parameters.js'
import { Problem } from './problem.js'
import type { Server, Services } from './services.js'
import { whenAsked } from './time-travel.js'

const tags = ['Dead letters']
const DeadLetterParams = Type.Object({ id: Type.String({ description: 'the id of a dead letter' }) })

const DeadLetterAnswer = Type.Object({
  id: Type.String(),
  kind: Type.String({ description: 'What it was meant to be.' }),
  reason: Type.String({ description: 'Why it was last refused: a code.' }),
  detail: Type.String(),
  source: Type.String({ description: 'Where it came from.' }),
  raw: Type.String({ description: 'Its bytes as they came.' }),
  encoding: Type.Union([Type.Literal('utf8'), Type.Literal('base64')], { description: 'Of `raw`.' }),
  size: Type.Optional(
    Type.Integer({
      description:
        'Bytes, where `raw` is only the beginning: `tidemark dead-letters export` writes them all.',
    }),
  ),
  at: Type.String({ description: 'When it was rejected: ISO 8601, UTC.' }),
  retries: Type.Integer(),
  position: Type.Integer({ description: 'Where its rejection stands in the log.' }),
})

const RetryAnswer = Type.Object({
  id: Type.String(),
  recovered: Type.Boolean({ description: 'The record is in use now, and is a dead letter no more.' }),
  position: Type.Integer({ description: 'Read with this `minPosition` to see what came of it.' }),
  reason: Type.Optional(Type.String({ description: 'Why not: a code.' })),
  detail: Type.Optional(Type.String()),
})

export function deadLetterRoutes(server: Server, services: Services): void {
  const { avro, caughtUp, eventStore, idempotent, readStore, timeTravel } = services
  const deadLetter = component(server, 'DeadLetter', DeadLetterAnswer)

  const listSchema = {
    summary: 'Records that could not be used, in the order they were rejected',
    tags,
    querystring: Type.Object({
      kind: Type.Optional(
        Type.Union(
          kindNames.map((name) => Type.Literal(name)),
          { description: `one of ${kindNames.join(', ')}` },
        ),
      ),
      ...listParameters,
    }),
    response: { 200: json('A page of them.', listOf(deadLetter)), ...problemAnswers(...listProblems) },
  }
  server.get('/dead-letters', { schema: listSchema }, async (request, reply) => {
    const { kind, minPosition } = request.query
    await caughtUp.documents(deadLetters.name, minPosition)
    return sendList(reply, `dead-letters/${kind ?? ''}`, request.query, (page) =>
      listDeadLetters(readStore, kind, page),
    )
  })

  const documentSchema = {
    summary: 'A record that could not be used',
    tags,
    params: DeadLetterParams,
    querystring: DocumentQuery,
    headers: DocumentHeaders,
    response: {
      200: documentAnswer('The dead letter.', deadLetter),
      ...notModified,
      ...problemAnswers(...documentProblems),
    },
  }
  server.get(
    '/dead-letters/:id',
    { schema: documentSchema, config: ofReadModels },
    async (request, reply) => {
      const { id } = request.params
      const past = await timeTravel.models(request.query, reply, pastOfDeadLetter(id))
      const row = await findDeadLetter(past ?? readStore, id)
      if (!row)
        throw new Problem('not-found', `there is no dead letter ${JSON.stringify(id)}${whenAsked(past)}`)
      return sendDocument(request, reply, row.text)
    },
  )

  const retrySchema = {
    summary: 'Try a dead letter again, as it is',
    tags,
    params: DeadLetterParams,
    headers: WriteHeaders,
    response: {
      200: json('It was tried, and this came of it.', RetryAnswer),
      ...problemAnswers(
        'invalid-parameter',
        'not-found',
        'already-recovered',
        'idempotency-key-reused',
        'revision-conflict',
        'schema-registry-unavailable',
        ...writeProblems,
      ),
    },
  }
  server.post('/dead-letters/:id/retry', { schema: retrySchema }, async (request, reply) => {
    const { id } = request.params
    return reply.send(await idempotent.answer(request, () => () => retryDeadLetter(eventStore, id, avro)))
  })
}
