import { Type } from 'typebox'
import { billableTypes } from '../domain/billable-event.js'
import type { PastModels } from '../projections/past/as-of.js'
import { pastOfCustomer } from '../projections/billing/past.js'
import { customerBilling } from '../projections/billing/customer-billing.js'
import { customerBillingOf, listInvoices } from '../projections/queries/customer-billing.js'
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
import { DocumentHeaders, ofReadModels, sendDocument } from './documents.js'
import { asTexts, sendList } from './lists.js'
import { customer, DocumentQuery, ListQuery, month, MonthQuery } from './parameters.js'
import { Problem } from './problem.js'
import type { Server, Services } from './services.js'
import { whenAsked } from './time-travel.js'

const tags = ['Live billing']

const euros = (description: string) =>
  Type.String({
    description: `${description} In euros, with two decimals.`,
    pattern: '^-?[0-9]+\\.[0-9]{2}$',
  })

/** A sum over billable events. */
export const chargesFields = {
  totalEur: euros('What they come to, exactly.'),
  eventCount: Type.Integer({ description: 'How many billable events it is the sum of.' }),
}
export const billedMonth = Type.String({
  description: 'A calendar month in the billing time zone, as yyyy-MM.',
})

const customerMonthFields = {
  customer: Type.String(),
  month: billedMonth,
  ...chargesFields,
  subtotals: Type.Object(
    Object.fromEntries(billableTypes.map((type) => [type, Type.Object(chargesFields)])),
    { description: 'By type. They sum up to the total.' },
  ),
}
const CustomerMonthAnswer = Type.Object(customerMonthFields)
const InvoiceAnswer = Type.Object({
  ...customerMonthFields,
  revision: Type.Integer({ description: '0 as issued, one more for each correction (history).' }),
  issuedTotalEur: euros('The total when the invoice was issued (history).'),
  differenceEur: Type.Union([euros('What the last correction added (history).'), Type.Null()]),
  billingTimeZone: Type.String({ description: 'On whose clock the month is one.' }),
})

export function customerRoutes(server: Server, services: Services): void {
  const { caughtUp, readStore, timeTravel } = services
  const billing = customerBillingOf(readStore)
  const invoice = component(server, 'Invoice', InvoiceAnswer)

  const monthSchema = {
    summary:
      'What a customer owes for a month, as it grows: the month that the billing clock stands in, or another',
    tags,
    params: Type.Object({ customer }),
    querystring: MonthQuery,
    headers: DocumentHeaders,
    response: {
      200: documentAnswer('The month.', component(server, 'CustomerMonth', CustomerMonthAnswer)),
      ...notModified,
      ...problemAnswers(...documentProblems),
    },
  }
  server.get(
    '/customers/:customer',
    { schema: monthSchema, config: ofReadModels },
    async (request, reply) => {
      const { params, query } = request
      const past = await timeTravel.models(query, reply, pastOfCustomer(params.customer))
      const billed = await (past ? customerBillingOf(past) : billing).month(params.customer, query.month)
      if (!billed) throw unknownCustomer(params.customer, past)
      return sendDocument(request, reply, JSON.stringify(billed))
    },
  )

  const listSchema = {
    summary: 'The invoices of a customer, by month',
    tags,
    params: Type.Object({ customer }),
    querystring: ListQuery,
    response: {
      200: json('A page of them.', listOf(invoice)),
      ...problemAnswers('not-found', ...listProblems),
    },
  }
  server.get('/customers/:customer/invoices', { schema: listSchema }, async (request, reply) => {
    const { params, query } = request
    await caughtUp.documents(customerBilling.name, query.minPosition)
    if (!(await billing.isKnown(params.customer))) throw unknownCustomer(params.customer)
    const read = asTexts((page) => listInvoices(readStore, params.customer, page))
    return sendList(reply, `invoices/${params.customer}`, query, read)
  })

  const invoiceSchema = {
    summary: 'The invoice for a month that has ended, as it is after its last correction',
    tags,
    params: Type.Object({ customer, month }),
    querystring: DocumentQuery,
    headers: DocumentHeaders,
    response: {
      200: documentAnswer('The invoice.', invoice),
      ...notModified,
      ...problemAnswers(...documentProblems),
    },
  }
  server.get(
    '/customers/:customer/invoices/:month',
    { schema: invoiceSchema, config: ofReadModels },
    async (request, reply) => {
      const { params, query } = request
      const past = await timeTravel.models(query, reply, pastOfCustomer(params.customer))
      const invoices = past ? customerBillingOf(past) : billing
      const issued = await invoices.invoice(params.customer, params.month)
      if (issued) return sendDocument(request, reply, JSON.stringify(issued))
      if (!(await invoices.isKnown(params.customer))) throw unknownCustomer(params.customer, past)
      const name = JSON.stringify(params.customer)
      throw new Problem('not-found', `customer ${name} has no invoice for ${params.month}${whenAsked(past)}`)
    },
  )
}

function unknownCustomer(name: string, past?: PastModels): Problem {
  return new Problem('not-found', `there is no customer ${JSON.stringify(name)}${whenAsked(past)}`)
}
