import type { BillingPeriod } from '../../domain/billing-period.js'
import { reading } from '../../domain/data-record-clock.js'
import { close } from '../../domain/notification.js'
import { clockOf, listPeriod, never, openPeriods, setClock, type OpenPeriod } from './documents.js'
import type { Debt, Documents } from '../projection.js'

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
  const { due, nextClosing } = await duePeriods(documents, now)
  await documents.load('billing-periods', due)
  for (const id of due) {
    const period = documents.get<BillingPeriod>('billing-periods', id)
    if (!period?.openUntil) continue
    const after = closed(period, true, documents)
    listPeriod(documents, id, period.openUntil, after)
    documents.put('billing-periods', id, after)
  }
  setClock(documents, { nextClosing })
}

/** The first periods that are due, and when the next one is; null where there may be more that are due. */
async function duePeriods(documents: Documents, now: number) {
  const due: string[] = []
  let from: string | undefined
  do {
    const range = { limit: periodsASlice, ...(from === undefined ? {} : { from }) }
    const { ids, next } = await documents.loadBetween(openPeriods, range)
    for (const id of ids) {
      const open = documents.get<OpenPeriod>(openPeriods, id)
      if (!open || !documents.owns(open.msisdn)) continue
      const end = id.indexOf('/')
      const openUntil = id.slice(0, end)
      if (Date.parse(openUntil) > now) return { due, nextClosing: openUntil }
      due.push(id.slice(end + 1))
    }
    if (next !== undefined && due.length >= periodsASlice) return { due, nextClosing: null }
    from = next
  } while (from !== undefined)
  return { due, nextClosing: never }
}
