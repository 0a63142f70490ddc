import { Type } from 'typebox'
import { Compile } from 'typebox/schema'
import { advanceClock } from '../commands/advance-clock.js'
import { shown } from '../domain/fault.js'
import { Timestamp } from '../domain/fields.js'
import { InvalidValue } from '../domain/invalid-record.js'
import { formatTimestamp, parseTimestamp } from '../domain/timestamp.js'
import { json, problemAnswers, writeProblems } from './answers.js'
import { bodyOf } from './json-body.js'
import { WriteHeaders } from './parameters.js'
import { Problem, type RequestFault } from './problem.js'
import type { Server, Services } from './services.js'

const ClockInput = Type.Object({ to: Timestamp('No data records before this instant are to be expected.') })
const validator = Compile(ClockInput)

const ClockAnswer = Type.Object({
  position: Type.Integer({ description: 'Read with this `minPosition` to see the periods that closed.' }),
  to: Type.String({ description: 'ISO 8601, UTC.' }),
})

export function clockRoutes(server: Server, { eventStore, idempotent }: Services): void {
  const schema = {
    summary: 'Advance the data-record clock, for a source that has gone quiet. It never goes back',
    tags: ['Data plans'],
    headers: WriteHeaders,
    body: ClockInput,
    response: {
      200: json('The clock has been advanced, if it was not there already.', ClockAnswer),
      ...problemAnswers('invalid-request', 'invalid-parameter', 'idempotency-key-reused', ...writeProblems),
    },
  }
  server.post('/clocks/data-records', { schema }, async (request, reply) => {
    const to = instantOf(bodyOf(request).value)
    const answer = await idempotent.answer(request, () => async () => {
      const position = await advanceClock(eventStore, to)
      return { position, to: formatTimestamp(to) }
    })
    return reply.send(answer)
  })
}

function instantOf(value: unknown): number {
  if (!validator.Check(value)) {
    const { to } = (value ?? {}) as { to?: unknown }
    if (to === undefined) throw faulty({ path: '/to', code: 'missing-field', detail: 'to is missing' })
    const detail = `to is ${shown(to)}: a timestamp is text such as 2020-02-01T00:00:00Z`
    throw faulty({ path: '/to', code: 'invalid-timestamp', detail })
  }
  try {
    return parseTimestamp(value.to)
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error
    throw faulty({ path: '/to', code: error.code, detail: `to ${error.message}` })
  }
}

function faulty(fault: RequestFault): Problem {
  return new Problem('invalid-request', fault.detail, { errors: [fault] })
}
