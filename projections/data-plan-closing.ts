import type { BillingPeriod } from '../domain/billing-period.js'
import { reading } from '../domain/data-record-clock.js'
import { close } from '../domain/notification.js'
import { clockOf, never, setClock } from './data-plan-documents.js'
import type { Debt, Documents } from './projection.js'

/** So many periods are closed in one slice when a month ends for everybody. */
const periodsASlice = 1_000

/** When the clock passes the end of periods, they are owed their closing. */
export const closing: Debt = {
  owes: (documents) => {
    const { now, nextClosing } = clockOf(documents)
    if (now === null || nextClosing === never) return false
    return nextClosing === null || Date.parse(nextClosing) <= now
  },
  pay: closeDuePeriods,
}

/** A period that is due but has not been closed yet is closed before anything else happens to it. */
export function closed(period: BillingPeriod, ended: boolean, documents: Documents): BillingPeriod {
  if (!ended || period.status === 'closed' || period.recordCount === 0) return period
  const notices = close(period)
  for (const { event, revision } of notices.raised) documents.derive(event, revision)
  return notices.period
}

/** Closes periods whose end the clock has reached, a slice at a time: a month may end for everybody at once. */
async function closeDuePeriods(documents: Documents): Promise<void> {
  const now = reading(clockOf(documents))
  const { rows } = await documents.page('billing-periods', { index: 'open', limit: periodsASlice })
  const ids = rows.map(({ id }) => id)
  await documents.load('billing-periods', ids)
  let nextClosing = rows.length < periodsASlice ? never : null
  for (const id of ids) {
    const period = documents.get<BillingPeriod>('billing-periods', id)
    if (!period?.openUntil) continue
    if (Date.parse(period.openUntil) > now) {
      nextClosing = period.openUntil
      break
    }
    documents.put('billing-periods', id, closed(period, true, documents))
  }
  setClock(documents, { nextClosing })
}
