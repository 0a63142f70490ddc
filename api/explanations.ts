import type { FastifyReply } from 'fastify'
import { Type, type TSchema } from 'typebox'
import { explain } from '../projections/explaining/explain.js'
import type { Explainer } from '../projections/explaining/explainer.js'
import { explainers } from '../projections/explaining/explainers.js'
import { readLive } from '../projections/queries/live.js'
import { component, documentAnswer, documentProblems, notModified, problemAnswers } from './answers.js'
import { DocumentHeaders, sendDocument } from './documents.js'
import { Cursors } from './lists.js'
import { asOf, listParameters } from './parameters.js'
import type { Server, Services } from './services.js'

const AmountAnswer = Type.Union([Type.Integer(), Type.String()], {
  description: 'Exact: beyond 2^53 − 1, and where there are decimals, digits in a string.',
})
const AnyObject = Type.Object({}, { additionalProperties: true })
const FigureAnswer = Type.Union([AmountAnswer, AnyObject])
const instant = (meaning: string) => Type.String({ description: `${meaning} ISO 8601, UTC.` })
const place = {
  stream: Type.String(),
  revision: Type.Integer({ description: 'Its place in its stream, from 0.' }),
  position: Type.Integer({ description: 'Its place in the log.' }),
  type: Type.String(),
}

const ExplanationAnswer = Type.Object({
  subject: Type.Object(
    { type: Type.String() },
    { additionalProperties: true, description: 'What is explained, by what names it.' },
  ),
  figure: Type.Object({
    name: Type.String({ description: 'The field of the document.' }),
    value: FigureAnswer,
    unit: Type.Optional(Type.String()),
    events: Type.Integer({ description: 'From how many events it is worked out, on all pages together.' }),
  }),
  position: Type.Integer({ description: 'The log was read up to here. It is the same on all pages.' }),
  rule: Type.String({ description: 'What is counted, in words.' }),
  grounds: Type.Array(Type.Object({ ...place, at: instant('When it happened.'), detail: Type.String() }), {
    description: 'The events that decide which others are counted.',
  }),
  steps: Type.Array(
    Type.Object({
      ...place,
      at: instant('When it happened.'),
      amount: Type.Optional(AmountAnswer),
      total: Type.Optional(AmountAnswer),
      rule: Type.Object({
        code: Type.String({ description: 'Why it is counted here: stable, for programs.' }),
        detail: Type.String({ description: 'The same in words.' }),
        since: Type.Integer({ description: 'The position from which on it has been counted here.' }),
        from: Type.Optional(Type.String({ description: 'The id of what counted it before.' })),
      }),
    }),
    { description: 'The events that are counted; `total` is the sum of all up to this one, over all pages.' },
  ),
  outcomes: Type.Array(
    Type.Object({ ...place, recordedAt: instant('When the log took it.'), figure: FigureAnswer }),
    { description: 'What the figure brought about, and what it was then. They come after the last step.' },
  ),
  next: Type.Union([Type.String(), Type.Null()], {
    description: 'The `cursor` of the next page; null on the last one.',
  }),
})

const ExplanationQuery = Type.Object({ ...listParameters, asOf })

/** `…/explain` for every figure that can be explained. */
export function explanationRoutes(server: Server, services: Services): void {
  for (const [url, explainer] of Object.entries(explainers))
    explanationRoute(server, services, url, explainer)
}

function explanationRoute(server: Server, services: Services, document: string, explainer: Explainer): void {
  const { caughtUp, eventStore, longReads, readStore, timeTravel } = services
  const { name } = explainer.projection
  const url = `${document}/explain`
  const schema = {
    summary: `${explainer.summary}, explained: the events behind it, and how they add up`,
    tags: ['Explanations'],
    params: Type.Object(parametersOf(explainer)),
    querystring: ExplanationQuery,
    headers: DocumentHeaders,
    response: {
      200: documentAnswer('A page of the explanation.', component(server, 'Explanation', ExplanationAnswer)),
      ...notModified,
      ...problemAnswers(...documentProblems, 'invalid-cursor'),
    },
  }
  server.get(url, { schema }, async (request, reply) => {
    const { query } = request
    const subject = request.params as Readonly<Record<string, string>>
    const cursors = new Cursors(JSON.stringify([url, subject, query.asOf]))
    const page = cursors.request(query)
    await caughtUp.documents(name, query.minPosition)
    const position = await positionOf(query.asOf, reply)
    const { next, ...explanation } = await longReads.run(reply, (signal) =>
      explain(explainer, subject, { eventStore, models: readStore, position, signal }, page),
    )
    reply.header('as-of-position', explanation.position)
    const text = JSON.stringify(explanation)
    return sendDocument(request, reply, `${text.slice(0, -1)},"next":${cursors.next(next)}}`)
  })

  /** Where the document stands, or stood. The streams are found by the read model, so it has to be that far. */
  async function positionOf(wanted: string | undefined, reply: FastifyReply): Promise<number> {
    if (wanted === undefined) return readLive(readStore, name, (build) => build.checkpoint())
    const position = await timeTravel.position(wanted, reply)
    await caughtUp.documents(name, position)
    return position
  }
}

function parametersOf({ parameters }: Explainer): Record<string, TSchema> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { description, pattern, example }]) => [
      name,
      Type.String({ description, examples: [example], ...(pattern !== undefined && { pattern }) }),
    ]),
  )
}
