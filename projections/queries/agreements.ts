import type { AgreementSigned } from '../../domain/agreement.js'
import { dataPlans } from '../data-plans/data-plans.js'
import { DocumentBatch } from './document-batch.js'
import type { ReadModels, Row } from './live.js'

/** An agreement as it is stored: what was signed, under `id`. */
export type AgreementDocument = Omit<AgreementSigned['data'], 'agreementId'> & { readonly id: string }

/** Agreements by id, as stored. */
export function agreementsOf(readStore: ReadModels): { get(id: string): Promise<Row | undefined> } {
  return new DocumentBatch(readStore, dataPlans.name, 'agreements')
}
