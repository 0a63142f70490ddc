import { Type } from 'typebox'
import { AgreementInput } from '../domain/agreement.js'
import { dataPlans } from '../projections/data-plans.js'
import { agreementsOf, type AgreementDocument } from '../projections/queries/agreements.js'
import { component, json, notModified, problemAnswers, readProblems } from './answers.js'
import { DocumentHeaders, sendDocument } from './documents.js'
import { agreementId, ReadQuery } from './parameters.js'
import { Problem } from './problem.js'
import { intakeRoute } from './record-intake.js'
import type { Server, Services } from './services.js'

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
  const { caughtUp, readStore } = services
  const agreements = agreementsOf(readStore)
  const schema = {
    summary: 'An agreement',
    tags: [tag],
    params: Type.Object({ id: agreementId }),
    querystring: ReadQuery,
    headers: DocumentHeaders,
    response: {
      200: json('What was signed.', component(server, 'Agreement', AgreementAnswer)),
      ...notModified,
      ...problemAnswers('not-found', ...readProblems),
    },
  }
  server.get('/agreements/:id', { schema }, async (request, reply) => {
    const { minPosition } = request.query
    if (minPosition !== undefined) await caughtUp.documents(dataPlans.name, minPosition)
    const row = await agreements.get(request.params.id)
    if (!row) throw unknownAgreement(request.params.id)
    return sendDocument(request, reply, row.text)
  })
}

export function unknownAgreement(id: string): Problem {
  return new Problem('not-found', `there is no agreement ${JSON.stringify(id)}`)
}

/** @throws {Problem} there is none */
export async function agreementOf(
  agreements: ReturnType<typeof agreementsOf>,
  id: string,
): Promise<AgreementDocument> {
  const row = await agreements.get(id)
  if (!row) throw unknownAgreement(id)
  return JSON.parse(row.text) as AgreementDocument
}
