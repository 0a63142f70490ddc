import { Type, type Static, type TSchema } from 'typebox'
import { InvalidRecord, refused } from '../domain/invalid-record.js'
import { MAX_RECORD_BYTES } from '../domain/record-size.js'
import { takeIn, type Arrival } from '../commands/intake.js'
import type { KindName } from '../bridge/formats/kind-names.js'
import { kinds, type Kind } from '../bridge/formats/kinds.js'
import { component, json, problemAnswers, writeProblems } from './answers.js'
import { bodyOf, type JsonBody } from './json-body.js'
import { elementTexts } from './json-elements.js'
import { WriteHeaders } from './parameters.js'
import { Problem, type RequestFault } from './problem.js'
import type { Server, Services } from './services.js'

/** So many records a request at most. */
const maxRecords = 10_000
/** So many faults are told at most. */
const maxFaults = 1_000

/** What became of the records of a request. */
type IntakeAnswer = Static<typeof IntakeAnswer>
const IntakeAnswer = Type.Object({
  position: Type.Integer({
    description: 'Read with this `minPosition` to see what was written; 0 if nothing was.',
  }),
  appended: Type.Integer({ description: 'Records that are new.' }),
  duplicates: Type.Integer({ description: 'Records that were there already, with the same content.' }),
  ignored: Type.Integer({ description: 'Records that carry nothing for us.' }),
  rejected: Type.Array(
    Type.Object({
      index: Type.Integer({ description: 'Which record of the array, from 0.' }),
      code: Type.String(),
      detail: Type.String(),
    }),
    { description: 'Records that contradict one that was there already: they are kept as dead letters.' },
  ),
})

export interface IntakeRoute {
  readonly kind: KindName
  /** Of the record's schema. */
  readonly name: string
  readonly schema: TSchema
  readonly summary: string
  readonly tag: string
}

/**
 * `POST /<kind>`: takes one record or an array of them into the log. Faulty requests are refused whole and nothing is
 * written; whether a record contradicts an earlier one only the log can tell.
 */
export function intakeRoute(
  server: Server,
  services: Services,
  { kind, name, schema, summary, tag }: IntakeRoute,
): void {
  const { eventStore, idempotent, metrics } = services
  const input = component(server, name, schema)
  const options = {
    schema: {
      summary,
      tags: [tag],
      headers: WriteHeaders,
      body: Type.Union([input, Type.Array(input, { maxItems: maxRecords })]),
      response: {
        200: json('All that was taken is in the log.', component(server, 'Intake', IntakeAnswer)),
        ...problemAnswers(
          ...writeProblems,
          'invalid-request',
          'invalid-parameter',
          'conflicting-duplicate',
          'idempotency-key-reused',
          'too-many-records',
        ),
      },
    },
  }
  server.post(`/${kind}`, options, async (request, reply) => {
    const body = bodyOf(request)
    const answer = await idempotent.answer(request, (source) => {
      const given = arrivalsOf(kind, body, source)
      return () => take(given)
    })
    const [conflict] = answer.rejected
    if (conflict && !Array.isArray(body.value)) {
      throw new Problem('conflicting-duplicate', conflict.detail, answer)
    }
    return reply.send(answer)
  })

  async function take({ arrivals, indexes, passed }: Arrivals): Promise<IntakeAnswer> {
    const taken = await takeIn(eventStore, arrivals)
    const { position, appended, duplicates, rejected } = taken
    const ignored = passed + taken.ignored
    metrics.records(kind, 'ignored', ignored)
    metrics.records(kind, 'appended', appended)
    metrics.records(kind, 'duplicate', duplicates)
    metrics.records(kind, 'rejected', rejected.length)
    const indexed = rejected.map((one) => ({ ...one, index: indexes[one.index] ?? one.index }))
    return { position, appended, duplicates, ignored, rejected: indexed }
  }
}

/** The records of a body that tell a fact, where each stood in it, and how many carry nothing for us at all. */
interface Arrivals {
  readonly arrivals: readonly Arrival[]
  readonly indexes: readonly number[]
  readonly passed: number
}

/**
 * The facts that the records of a body tell.
 *
 * @throws {Problem} with the faults of all records
 */
function arrivalsOf(kindName: KindName, { text, value }: JsonBody, source: string): Arrivals {
  const isArray = Array.isArray(value)
  const items: readonly unknown[] = isArray ? value : [value]
  if (items.length > maxRecords) {
    throw new Problem(
      'too-many-records',
      `the array has ${items.length} records: it takes ${maxRecords} at most`,
    )
  }
  const kind = kinds[kindName] as Kind<unknown>
  const faults: RequestFault[] = []
  const arrivals: Arrival[] = []
  const indexes: number[] = []
  // Few records need their text, such as those that are rejected: so it is looked up when the first one does.
  let texts: readonly string[] | undefined
  const textOf = (index: number) => {
    texts ??= isArray ? elementTexts(text) : [text]
    return texts[index] ?? ''
  }
  const isLong = Buffer.byteLength(text) > MAX_RECORD_BYTES
  for (const [index, item] of items.entries()) {
    try {
      if (isLong && Buffer.byteLength(textOf(index)) > MAX_RECORD_BYTES) throw refused('record-too-large')
      const metadata = { source: `${source}#${index}` }
      const record = kind.parse(item, () => textOf(index))
      const event = kind.event(record, metadata) as Arrival['event'] | undefined
      if (!event) continue
      arrivals.push({ event, kind: kindName, raw: () => Buffer.from(textOf(index)) })
      indexes.push(index)
    } catch (error) {
      if (!(error instanceof InvalidRecord)) throw error
      const place = isArray ? `/${index}` : ''
      for (const { path, code, detail } of error.faults) faults.push({ path: place + path, code, detail })
    }
  }
  if (faults.length > 0) throw faulty(faults)
  return { arrivals, indexes, passed: items.length - arrivals.length }
}

function faulty(faults: readonly RequestFault[]): Problem {
  const [first] = faults
  const more = faults.length === 1 ? '' : `; and ${faults.length - 1} more`
  const detail = `nothing was written: ${first?.path || 'the body'}: ${first?.detail ?? ''}${more}`
  return new Problem('invalid-request', detail, { errors: faults.slice(0, maxFaults) })
}
