import type { BillableEvent, BillableEventRecorded } from '../../domain/billable-event.js'
import {
  billingClockStream,
  defaultBillingTimeZone,
  type BillingTimeZoneSet,
} from '../../domain/billing-clock.js'
import { asEuros } from '../../domain/cents.js'
import type { RecordedEvent } from '../../domain/event.js'
import { invoiceStream, type InvoiceEvent } from '../../domain/invoice.js'
import { monthOf } from '../../domain/time-zone.js'
import { formatTimestamp } from '../../domain/timestamp.js'
import { customerBilling } from '../billing/customer-billing.js'
import { NothingToExplain, type Evidence, type Explainer, type SumFigure } from './explainer.js'
import { placeOf, shownInstant, type Amount, type AppliedRule } from './explanation.js'

/** What a customer owes for a month: the billable events that fall into it, and the invoice that came of them. */
export const invoiceExplainer: Explainer<'customer' | 'month'> = {
  name: 'invoice',
  summary: 'What a customer owes for a month',
  parameters: {
    customer: { description: 'who is billed', example: 'Emma' },
    month: {
      description: 'a month as yyyy-MM',
      pattern: '^([0-9]{4}|10000)-(0[1-9]|1[0-2])$',
      example: '2020-01',
    },
  },
  projection: customerBilling,
  open: async ({ customer, month: key }, log) => {
    const set = await zoneSet(log)
    const zone = set?.data.zone ?? defaultBillingTimeZone
    const month = monthOf(zone, key)
    const otherwise = `customer ${JSON.stringify(customer)} was billed nothing in ${key}`
    if (!month) throw new NothingToExplain(otherwise)
    const { start, end } = month
    return {
      subject: {
        type: 'invoice',
        customer,
        month: key,
        billingTimeZone: zone,
        start: shownInstant(start),
        end: shownInstant(end),
      },
      otherwise,
      rule,
      grounds: set
        ? [{ ...placeOf(set), at: formatTimestamp(set.recordedTime), detail: `months are those of ${zone}` }]
        : [],
      figure: euros,
      sources: [
        {
          stream: `customer-${customer}`,
          read: ({ type, data, position }) => {
            const { timestampMs, amountCents } = data as BillableEventRecorded['data']
            if (type !== 'BillableEventRecorded' || timestampMs < start || timestampMs >= end)
              return undefined
            const billed = data as BillableEvent
            return {
              at: formatTimestamp(timestampMs),
              amount: asEuros(amountCents),
              rule: applied(billed, position),
            }
          },
        },
      ],
      outcomes: {
        stream: invoiceStream(customer, key),
        read: ({ data }) => (data as InvoiceEvent['data']).totalEur,
      },
    }
  },
}

const rule =
  'The sum of the amounts of the billable events of the customer with start <= timestampMs < end, each rounded away ' +
  'from zero to the cent.'

const euros: SumFigure = {
  name: 'totalEur',
  unit: 'EUR',
  zero: asEuros(0),
  plus: (total, amount) => asEuros(String(centsOf(total) + centsOf(amount))),
}

/** @throws {RangeError} it is no amount with two decimals */
function centsOf(amount: Amount): bigint {
  const text = String(amount)
  if (!/^-?\d+\.\d\d$/.test(text)) throw new RangeError(`${text} is no amount in euros`)
  return BigInt(text.replace('.', ''))
}

function applied({ type, amountEUR }: BillableEvent, since: number): AppliedRule {
  if (amountEUR === undefined) return { code: 'as-it-came', detail: `${type}.`, since }
  return {
    code: 'rounded-to-cent',
    detail: `${type}, ${amountEUR} EUR as it came, rounded away from zero.`,
    since,
  }
}

/** The event that fixes the zone. It counts if nothing was billed before it (docs/semantics.md, Live billing: Months). */
async function zoneSet({
  eventStore,
  position,
}: Evidence): Promise<RecordedEvent<BillingTimeZoneSet> | undefined> {
  const [set] = await eventStore.readStream(billingClockStream, { limit: 1 })
  if (!set || set.position > position) return undefined
  for (let after = 0; after < set.position;) {
    const page = await eventStore.readAll({ after, limit: 1, categories: ['customer'] })
    const [first] = page.events
    if (first) return first.position < set.position ? undefined : (set as RecordedEvent<BillingTimeZoneSet>)
    if (page.position <= after) break
    after = page.position
  }
  return set as RecordedEvent<BillingTimeZoneSet>
}
