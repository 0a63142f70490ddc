import { Type } from 'typebox'
import { DataRecordInput } from '../domain/data-record-input.js'
import { dataPlans } from '../projections/data-plans/data-plans.js'
import { listUnmatchedRecords } from '../projections/queries/data-records.js'
import { component, json, listOf, listProblems, problemAnswers } from './answers.js'
import { asTexts, sendList } from './lists.js'
import { ListQuery } from './parameters.js'
import { intakeRoute } from './record-intake.js'
import type { Server, Services } from './services.js'

const tag = 'Data plans'

const fields = {
  internalRecordId: Type.String({ description: 'Follows from msisdn and external id.' }),
  externalRecordId: Type.String({ description: 'What the network calls the record.' }),
  recordedAt: Type.String({ description: 'ISO 8601, UTC.' }),
  recordedBytes: Type.Integer(),
}
export const DataRecordAnswer = Type.Object(fields)
const UnmatchedRecordAnswer = Type.Object({ ...fields, msisdn: Type.String() })

export function dataRecordRoutes(server: Server, services: Services): void {
  intakeRoute(server, services, {
    kind: 'data-records',
    name: 'DataRecordInput',
    schema: DataRecordInput,
    summary: 'Take data records in',
    tag,
  })
  const { caughtUp, readStore } = services
  const schema = {
    summary: 'The data records that no agreement covers, by subscriber and month',
    tags: [tag],
    querystring: ListQuery,
    response: {
      200: json('A page of them.', listOf(component(server, 'UnmatchedRecord', UnmatchedRecordAnswer))),
      ...problemAnswers(...listProblems),
    },
  }
  server.get('/data-records/unmatched', { schema }, async (request, reply) => {
    const { minPosition } = request.query
    await caughtUp.documents(dataPlans.name, minPosition)
    const read = asTexts((page) => listUnmatchedRecords(readStore, page))
    return sendList(reply, 'unmatched', request.query, read)
  })
}
