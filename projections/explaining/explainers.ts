import type { Explainer } from './explainer.js'
import { billingPeriodExplainer } from './billing-period.js'
import { invoiceExplainer } from './invoice.js'
import { moneyEventExplainer } from './money-event.js'

/** Every figure that can be explained, by the address of its document over HTTP. */
export const explainers: Readonly<Record<string, Explainer>> = {
  '/agreements/:id/billing-periods/:month': billingPeriodExplainer,
  '/customers/:customer/invoices/:month': invoiceExplainer,
  '/money-events/:userId/:id': moneyEventExplainer,
}
