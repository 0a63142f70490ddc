import { Type } from 'typebox'
import { AgreementInput } from '../domain/agreement-input.js'
import type { PastModels } from '../projections/past/as-of.js'
import { pastOfAgreement } from '../projections/data-plans/past.js'
import { agreementsOf, type AgreementDocument } from '../projections/queries/agreements.js'
import { component, documentAnswer, documentProblems, notModified, problemAnswers } from './answers.js'
import { DocumentHeaders, ofReadModels, sendDocument } from './documents.js'
import { agreementId, DocumentQuery } from './parameters.js'
import { Problem } from './problem.js'
import { intakeRoute } from './record-intake.js'
import type { Server, Services } from './services.js'
import { whenAsked } from './time-travel.js'

const tag = 'Data plans'

const AgreementAnswer = Type.Object({
  id: Type.String(),
  msisdn: Type.String(),
  signedAt: Type.String({ description: 'ISO 8601, UTC.' }),
  serviceStartAt: Type.String({ description: 'ISO 8601, UTC.' }),
  billingPeriodTimeZone: Type.String(),
  maxBytesInBillingPeriod: Type.Integer(),
})

export function agreementRoutes(server: Server, services: Services): void {
  intakeRoute(server, services, {
    kind: 'agreements',
    name: 'AgreementInput',
    schema: AgreementInput,
    summary: 'Take agreements in',
    tag,
  })
  const { readStore, timeTravel } = services
  const agreements = agreementsOf(readStore)
  const schema = {
    summary: 'An agreement',
    tags: [tag],
    params: Type.Object({ id: agreementId }),
    querystring: DocumentQuery,
    headers: DocumentHeaders,
    response: {
      200: documentAnswer('What was signed.', component(server, 'Agreement', AgreementAnswer)),
      ...notModified,
      ...problemAnswers(...documentProblems),
    },
  }
  server.get('/agreements/:id', { schema, config: ofReadModels }, async (request, reply) => {
    const { id } = request.params
    const past = await timeTravel.models(request.query, reply, pastOfAgreement(id))
    const row = await (past ? agreementsOf(past) : agreements).get(id)
    if (!row) throw unknownAgreement(id, past)
    return sendDocument(request, reply, row.text)
  })
}

function unknownAgreement(id: string, past?: PastModels): Problem {
  return new Problem('not-found', `there is no agreement ${JSON.stringify(id)}${whenAsked(past)}`)
}

/** @throws {Problem} there is none */
export async function agreementOf(
  agreements: ReturnType<typeof agreementsOf>,
  id: string,
  past?: PastModels,
): Promise<AgreementDocument> {
  const row = await agreements.get(id)
  if (!row) throw unknownAgreement(id, past)
  return JSON.parse(row.text) as AgreementDocument
}
