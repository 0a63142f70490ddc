import { Type } from 'typebox'
import type { PastModels } from '../projections/past/as-of.js'
import { pastOfAgreement } from '../projections/data-plans/past.js'
import { dataPlans } from '../projections/data-plans/data-plans.js'
import { agreementsOf } from '../projections/queries/agreements.js'
import { billingPeriodsOf, listBillingPeriods } from '../projections/queries/billing-periods.js'
import { listRecordsOfPeriod } from '../projections/queries/period-records.js'
import { agreementOf } from './agreements.js'
import {
  component,
  documentAnswer,
  documentProblems,
  json,
  listOf,
  listProblems,
  notModified,
  problemAnswers,
} from './answers.js'
import { DataRecordAnswer } from './data-records.js'
import { DocumentHeaders, ofReadModels, sendDocument } from './documents.js'
import { asTexts, sendList } from './lists.js'
import { agreementId, DocumentQuery, ListQuery, month } from './parameters.js'
import { Problem } from './problem.js'
import type { Server, Services } from './services.js'
import { whenAsked } from './time-travel.js'

const tags = ['Data plans']
const orNull = (description: string) => Type.Union([Type.String(), Type.Null()], { description })

const BillingPeriodAnswer = Type.Object({
  agreementId: Type.String(),
  msisdn: Type.String({ description: 'Whose records they are.' }),
  year: Type.Integer(),
  month: Type.Integer({ minimum: 1, maximum: 12 }),
  billingPeriodTimeZone: Type.String({ description: 'On whose clock the month is one.' }),
  totalRecordedBytes: Type.Union([Type.Integer(), Type.String()], {
    description: 'The sum over its data records; beyond 2^53 − 1 as decimal digits in a string.',
  }),
  recordCount: Type.Integer(),
  maxBytesInBillingPeriod: Type.Integer(),
  exceeded: Type.Boolean({ description: 'The total has reached the maximum.' }),
  latestRecordedAt: orNull('The greatest event time among its records: ISO 8601, UTC.'),
  latestInternalRecordId: orNull('The record of that time; of several the one with the greatest id.'),
  latestExternalRecordId: orNull('What the network calls that record.'),
  status: Type.Union([Type.Literal('open'), Type.Literal('closed')]),
  lateRecords: Type.Integer({ description: 'Records that came when the period had ended (history).' }),
  revision: Type.Integer({ description: 'How often the period has changed (history).' }),
  notified: Type.Object(
    { exceeded: Type.Boolean(), closed: Type.Boolean(), corrections: Type.Integer() },
    { description: 'Which notifications were raised (history).' },
  ),
  openUntil: Type.Optional(Type.String({ description: 'The end of the month, while the period is open.' })),
})

const PeriodParams = Type.Object({ id: agreementId, month })

export function billingPeriodRoutes(server: Server, services: Services): void {
  const { caughtUp, readStore, timeTravel } = services
  const agreements = agreementsOf(readStore)
  const periods = billingPeriodsOf(readStore)
  const period = component(server, 'BillingPeriod', BillingPeriodAnswer)

  const listSchema = {
    summary: 'The billing periods of an agreement, by month',
    tags,
    params: Type.Object({ id: agreementId }),
    querystring: ListQuery,
    response: {
      200: json('A page of them.', listOf(period)),
      ...problemAnswers('not-found', ...listProblems),
    },
  }
  server.get('/agreements/:id/billing-periods', { schema: listSchema }, async (request, reply) => {
    const { id } = request.params
    const { minPosition } = request.query
    await caughtUp.documents(dataPlans.name, minPosition)
    await agreementOf(agreements, id)
    return sendList(reply, `billing-periods/${id}`, request.query, (page) =>
      listBillingPeriods(readStore, id, page),
    )
  })

  const documentSchema = {
    summary: 'What an agreement used in a month',
    tags,
    params: PeriodParams,
    querystring: DocumentQuery,
    headers: DocumentHeaders,
    response: {
      200: documentAnswer('The billing period.', period),
      ...notModified,
      ...problemAnswers(...documentProblems),
    },
  }
  server.get(
    '/agreements/:id/billing-periods/:month',
    { schema: documentSchema, config: ofReadModels },
    async (request, reply) => {
      const { params, query } = request
      const past = await timeTravel.models(query, reply, pastOfAgreement(params.id))
      const row = await (past ? billingPeriodsOf(past) : periods).get(params.id, params.month)
      if (row) return sendDocument(request, reply, row.text)
      await agreementOf(past ? agreementsOf(past) : agreements, params.id, past)
      throw unknownPeriod(params, past)
    },
  )

  const recordsSchema = {
    summary: 'The data records of a billing period, newest first',
    tags,
    params: PeriodParams,
    querystring: ListQuery,
    response: {
      200: json('A page of them.', listOf(component(server, 'DataRecord', DataRecordAnswer))),
      ...problemAnswers('not-found', ...listProblems),
    },
  }
  const recordsUrl = '/agreements/:id/billing-periods/:month/data-records'
  server.get(recordsUrl, { schema: recordsSchema }, async (request, reply) => {
    const { params, query } = request
    await caughtUp.documents(dataPlans.name, query.minPosition)
    const agreement = await agreementOf(agreements, params.id)
    const read = asTexts((page) => listRecordsOfPeriod(readStore, agreement, params.month, page))
    return sendList(reply, `data-records/${params.id}/${params.month}`, query, async (page) => {
      const records = await read(page)
      if (records.items.length === 0 && page.after === undefined) throw unknownPeriod(params)
      return records
    })
  })
}

/** A period exists while it has records. */
function unknownPeriod(
  { id, month: key }: { readonly id: string; readonly month: string },
  past?: PastModels,
): Problem {
  const detail = `agreement ${JSON.stringify(id)} has no data records in ${key}${whenAsked(past)}`
  return new Problem('not-found', detail)
}
