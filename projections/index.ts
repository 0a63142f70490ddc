import { customerBilling } from './billing/customer-billing.js'
import { dataPlans } from './data-plans/data-plans.js'
import { deadLetters } from './dead-letters/dead-letters.js'
import { notifications } from './notifications.js'
import { moneyEnriched } from './money/money-enriched.js'
import type { Projection } from './projection.js'
import { typeBilling } from './billing/type-billing.js'

/** Every read model there is. A new one is added here, and nowhere else. */
export const projections: readonly Projection[] = [
  dataPlans,
  notifications,
  deadLetters,
  customerBilling,
  typeBilling,
  moneyEnriched,
]
