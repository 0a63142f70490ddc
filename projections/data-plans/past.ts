import type { AgreementSigned } from '../../domain/agreement.js'
import type { Past } from '../past/as-of.js'
import { dataPlans } from './data-plans.js'

/** The documents of an agreement: itself and its billing periods. They depend on its subscriber alone, and on the clock. */
export function pastOfAgreement(id: string): Past {
  return {
    projection: dataPlans,
    keys: async ({ eventStore, position }) => {
      const [signed] = await eventStore.readStream(`agreement-${id}`, { limit: 1 })
      if (!signed || signed.position > position) return []
      return [(signed.data as AgreementSigned['data']).msisdn]
    },
  }
}
