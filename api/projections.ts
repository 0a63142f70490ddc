import { Type } from 'typebox'
import type { Rebuilt } from '../projections/running/rebuild.js'
import type { Projection } from '../projections/projection.js'
import { InvalidCursor } from '../projections/queries/live.js'
import { partitionStatuses, projectionStatuses } from '../projections/running/status.js'
import {
  component,
  json,
  listOf,
  listProblems,
  problemAnswers,
  readProblems,
  writeProblems,
} from './answers.js'
import { asTexts, sendList } from './lists.js'
import { ListQuery, ReadQuery } from './parameters.js'
import { Problem } from './problem.js'
import type { Rebuilds } from './rebuilds.js'
import type { Server, Services } from './services.js'

const tags = ['Projections']
const ProjectionParams = Type.Object({ name: Type.String({ description: 'the name of a projection' }) })

const status = {
  name: Type.String(),
  version: Type.Integer({ description: 'Of the code that built the documents.' }),
  position: Type.Integer({ description: 'Up to where in the log the documents are built.' }),
  lag: Type.Integer({ description: 'How many positions of the log are to come.' }),
  documents: Type.Integer(),
  state: Type.Union(['live', 'catching-up', 'failed', 'missing'].map((state) => Type.Literal(state))),
  failure: Type.Optional(
    Type.Object(
      {
        reason: Type.String(),
        position: Type.Optional(Type.Integer({ description: 'Of the event that could not be handled.' })),
        eventId: Type.Optional(Type.String()),
        eventType: Type.Optional(Type.String()),
      },
      { description: 'Why it stopped.' },
    ),
  ),
}
const ProjectionAnswer = Type.Object(status)
const OneProjectionAnswer = Type.Object({
  ...status,
  partitions: Type.Array(
    Type.Object({
      partition: Type.Integer({ description: 'From 0.' }),
      position: Type.Integer(),
      lag: Type.Integer(),
      runner: Type.Optional(
        Type.String({
          description: 'Who does it; absent where nobody does, or where processes do not share.',
        }),
      ),
    }),
    { description: 'The parts into which its work is cut.' },
  ),
  rebuild: Type.Optional(
    Type.Object(
      { state: Type.Union(['running', 'done', 'failed'].map((state) => Type.Literal(state))) },
      { additionalProperties: true, description: 'The last rebuild that was asked for here.' },
    ),
  ),
})
const RebuiltAnswer = Type.Object({
  name: Type.String(),
  events: Type.Integer({ description: 'How many events were folded.' }),
  documents: Type.Integer(),
  seconds: Type.Number(),
  derivedDifferences: Type.Integer({
    description: 'Derived events that the log has otherwise: 0 if all is well.',
  }),
})
const BegunAnswer = Type.Object({ name: Type.String(), state: Type.Literal('running') })

/** @param patience how long a request for a rebuild waits for it, in milliseconds; what takes longer goes on alone */
export function projectionRoutes(
  server: Server,
  services: Services,
  rebuilds: Rebuilds,
  patience: number,
): void {
  const { caughtUp, eventStore, projections, readStore } = services
  const find = (name: string) => {
    const projection = projections.find((one) => one.name === name)
    if (projection) return projection
    const known = projections.map((one) => one.name).join(', ')
    throw new Problem('not-found', `there is no projection ${JSON.stringify(name)}, only ${known}`)
  }
  const statusesOf = async (wanted: readonly Projection[], minPosition: number | undefined) => {
    await Promise.all(wanted.map(({ name }) => caughtUp.documents(name, minPosition)))
    return projectionStatuses(wanted, eventStore, readStore)
  }

  const listSchema = {
    summary: 'How far each read model is, and whether it goes on',
    tags,
    querystring: ListQuery,
    response: {
      200: json('A page of them.', listOf(component(server, 'Projection', ProjectionAnswer))),
      ...problemAnswers(...listProblems),
    },
  }
  server.get('/projections', { schema: listSchema }, async (request, reply) => {
    const { query } = request
    const read = asTexts(async ({ limit, after }) => {
      const last = projections.findIndex(({ name }) => name === after)
      if (after !== undefined && last < 0) throw new InvalidCursor()
      const page = projections.slice(last + 1, last + 1 + limit)
      const next = last + 1 + limit < projections.length ? page.at(-1)?.name : undefined
      return { items: await statusesOf(page, query.minPosition), next }
    })
    return sendList(reply, 'projections', query, read)
  })

  const oneSchema = {
    summary: 'How far a read model and each of its partitions is, and its last rebuild',
    tags,
    params: ProjectionParams,
    querystring: ReadQuery,
    response: {
      200: json('Its status.', OneProjectionAnswer),
      ...problemAnswers('not-found', ...readProblems),
    },
  }
  server.get('/projections/:name', { schema: oneSchema }, async (request, reply) => {
    const projection = find(request.params.name)
    const [one] = await statusesOf([projection], request.query.minPosition)
    const partitions = await partitionStatuses(projection, eventStore, readStore)
    return reply.send({ ...one, partitions, rebuild: rebuilds.report(projection.name) })
  })

  const rebuildSchema = {
    summary: 'Build a read model again from the log, then switch to it in one step',
    tags,
    params: ProjectionParams,
    response: {
      200: json('It is done.', RebuiltAnswer),
      202: json('It takes longer, and goes on: `Location` tells how far it is.', BegunAnswer),
      ...problemAnswers('not-found', 'rebuild-running', 'not-ready', ...writeProblems),
    },
  }
  server.post('/projections/:name/rebuild', { schema: rebuildSchema }, async (request, reply) => {
    const { name } = request.params
    const rebuilt = await within(patience, rebuilds.start(find(name)))
    if (!rebuilt)
      return reply.code(202).header('location', `/projections/${name}`).send({ name, state: 'running' })
    const { events, documents, seconds, derivedDifferences } = rebuilt
    return reply.send({ name, events, documents, seconds, derivedDifferences: derivedDifferences.length })
  })
}

/** Undefined if it takes longer. */
async function within(milliseconds: number, work: Promise<Rebuilt>): Promise<Rebuilt | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds)
  })
  // Nobody waits for one that fails later: it has been reported.
  work.catch(() => {})
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
