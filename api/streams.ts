import { Type } from 'typebox'
import type { RecordedEvent } from '../domain/event.js'
import { formatTimestamp } from '../domain/timestamp.js'
import { component, json, listOf, listProblems, problemAnswers } from './answers.js'
import { asTexts, sendList } from './lists.js'
import { ListQuery } from './parameters.js'
import { Problem } from './problem.js'
import type { Server, Services } from './services.js'

const tags = ['Log']

const StreamAnswer = Type.Object({
  stream: Type.String(),
  revision: Type.Integer({ description: 'Of its last event.' }),
  position: Type.Integer({ description: 'Of its last event.' }),
})

const EventAnswer = Type.Object({
  id: Type.String(),
  stream: Type.String(),
  type: Type.String(),
  revision: Type.Integer({ description: 'Its place in its stream, from 0.' }),
  position: Type.Integer({ description: 'Its place in the log.' }),
  recordedTime: Type.String({ description: 'When the log took it: ISO 8601, UTC.' }),
  data: Type.Object({}, { additionalProperties: true, description: 'What happened.' }),
  metadata: Type.Object({}, { additionalProperties: true, description: 'How it came to us.' }),
})

export function streamRoutes(server: Server, { caughtUp, eventStore }: Services): void {
  const listSchema = {
    summary: 'The streams of the log, by their last event, newest first',
    tags,
    querystring: ListQuery,
    response: {
      200: json('A page of them.', listOf(component(server, 'Stream', StreamAnswer))),
      ...problemAnswers(...listProblems),
    },
  }
  server.get('/streams', { schema: listSchema }, async (request, reply) => {
    const { minPosition } = request.query
    await caughtUp.log(minPosition)
    const read = asTexts(async ({ limit, after }) => {
      const before = after === undefined ? {} : { before: placeOf(after) }
      const found = await eventStore.streams({ ...before, limit: limit + 1 })
      return pageOf(found, limit, ({ position }) => position)
    })
    return sendList(reply, 'streams', request.query, read)
  })

  const streamSchema = {
    summary: 'The events of a stream, newest first',
    tags,
    params: Type.Object({ stream: Type.String({ description: 'the name of a stream' }) }),
    querystring: ListQuery,
    response: {
      200: json('A page of them.', listOf(component(server, 'Event', EventAnswer))),
      ...problemAnswers('not-found', 'unknown-schema-version', ...listProblems),
    },
  }
  server.get('/streams/:stream', { schema: streamSchema }, async (request, reply) => {
    const { stream } = request.params
    const { minPosition } = request.query
    await caughtUp.log(minPosition)
    const read = asTexts(async ({ limit, after }) => {
      const from = after === undefined ? {} : { from: placeOf(after) - 1 }
      const events = await eventStore.readStream(stream, { direction: 'backward', ...from, limit: limit + 1 })
      if (events.length === 0) throw new Problem('not-found', `there is no stream ${JSON.stringify(stream)}`)
      return pageOf(events.map(shownEvent), limit, ({ revision }) => revision)
    })
    return sendList(reply, `streams/${stream}`, request.query, read)
  })
}

/** One item more was asked for than the page holds: if it came, there is a next page. */
function pageOf<Item>(found: readonly Item[], limit: number, placeOfItem: (item: Item) => number) {
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return found.length > limit && last ? { items, next: String(placeOfItem(last)) } : { items }
}

/** The position or revision of the last item of the page before. */
function placeOf(cursor: string): number {
  const place = Number(cursor)
  if (!/^\d+$/.test(cursor) || place === 0) throw new Problem('invalid-cursor', 'the cursor cannot be read')
  return place
}

function shownEvent({ id, stream, type, revision, position, recordedTime, data, metadata }: RecordedEvent) {
  return { id, stream, type, revision, position, recordedTime: formatTimestamp(recordedTime), data, metadata }
}
