import { customerBilling } from './customer-billing.js'
import { dataPlans } from './data-plans.js'
import { deadLetters } from './dead-letters.js'
import { notifications } from './notifications.js'
import { moneyEnriched } from './money-enriched.js'
import type { Projection } from './projection.js'
import { typeBilling } from './type-billing.js'

/** Every read model there is. A new one is added here, and nowhere else. */
export const projections: readonly Projection[] = [
  dataPlans,
  notifications,
  deadLetters,
  customerBilling,
  typeBilling,
  moneyEnriched,
]
