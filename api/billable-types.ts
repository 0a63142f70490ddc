import { Type } from 'typebox'
import { billableTypeOf, billableTypes, type BillableType } from '../domain/billable-event.js'
import { InvalidValue } from '../domain/invalid-record.js'
import type { PastModels } from '../projections/past/as-of.js'
import { pastOfType } from '../projections/billing/past.js'
import { listCustomersOfType, typeBillingOf } from '../projections/queries/type-billing.js'
import { typeBilling } from '../projections/billing/type-billing.js'
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
import { billedMonth, chargesFields } from './customers.js'
import { DocumentHeaders, ofReadModels, sendDocument } from './documents.js'
import { asTexts, sendList } from './lists.js'
import { listParameters, month, MonthQuery } from './parameters.js'
import { Problem } from './problem.js'
import type { Server, Services } from './services.js'
import { whenAsked } from './time-travel.js'

const tags = ['Live billing']

const BillableTypeAnswer = Type.Union(billableTypes.map((type) => Type.Literal(type)))
const TypeMonthAnswer = Type.Object({ type: BillableTypeAnswer, month: billedMonth, ...chargesFields })
const TypeCustomerAnswer = Type.Object({
  customer: Type.String(),
  type: BillableTypeAnswer,
  month: billedMonth,
  ...chargesFields,
})
const TypeParams = Type.Object({
  type: Type.String({ description: `one of ${billableTypes.join(', ')}, in any case`, examples: ['data'] }),
})

export function billableTypeRoutes(server: Server, services: Services): void {
  const { caughtUp, readStore, timeTravel } = services
  const billing = typeBillingOf(readStore)
  const monthOf = async (wanted: string | undefined, past?: PastModels) => {
    const found = wanted ?? (await (past ? typeBillingOf(past) : billing).current())
    if (found === undefined) throw new Problem('not-found', `nothing has been billed yet${whenAsked(past)}`)
    return found
  }

  const monthSchema = {
    summary:
      'What a type comes to in a month, as it grows: the month that the billing clock stands in, or another',
    tags,
    params: TypeParams,
    querystring: MonthQuery,
    headers: DocumentHeaders,
    response: {
      200: documentAnswer('The month.', component(server, 'TypeMonth', TypeMonthAnswer)),
      ...notModified,
      ...problemAnswers(...documentProblems),
    },
  }
  server.get('/types/:type', { schema: monthSchema, config: ofReadModels }, async (request, reply) => {
    const { query } = request
    const type = knownType(request.params.type)
    const past = await timeTravel.models(query, reply, pastOfType(type))
    const wanted = await monthOf(query.month, past)
    const billed = await (past ? typeBillingOf(past) : billing).month(type, wanted)
    return sendDocument(request, reply, JSON.stringify(billed))
  })

  const listSchema = {
    summary: 'What each customer owes for a type in a month, by customer',
    tags,
    params: TypeParams,
    querystring: Type.Object({ month: Type.Optional(month), ...listParameters }),
    response: {
      200: json('A page of them.', listOf(component(server, 'TypeCustomer', TypeCustomerAnswer))),
      ...problemAnswers('not-found', ...listProblems),
    },
  }
  server.get('/types/:type/customers', { schema: listSchema }, async (request, reply) => {
    const type = knownType(request.params.type)
    await caughtUp.documents(typeBilling.name, request.query.minPosition)
    const billed = await monthOf(request.query.month)
    const read = asTexts((page) => listCustomersOfType(readStore, type, billed, page))
    return sendList(reply, `types/${type}/${billed}`, request.query, read)
  })
}

function knownType(name: string): BillableType {
  try {
    return billableTypeOf(name)
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error
    const known = billableTypes.join(', ')
    throw new Problem('not-found', `there is no type ${JSON.stringify(name)}, only ${known}`)
  }
}
