import type { Event, RecordedEvent } from '../../domain/event.js'
import { monthKey } from '../../domain/billing-period.js'
import type { MoneyEnriched } from '../../domain/enriched-money.js'
import type { InvoiceEvent } from '../../domain/invoice.js'
import type { Notification } from '../../domain/notification.js'
import { monthOf } from '../../domain/time-zone.js'
import { parseTimestamp } from '../../domain/timestamp.js'

/** What of the log is published to a topic, and as what. */
export interface Output {
  /** The categories of streams that its events are in. */
  readonly categories: readonly string[]
  /** The types of events that are published. */
  readonly types: readonly string[]
  readonly message: (event: RecordedEvent) => OutputMessage
}

export interface OutputMessage {
  /** Messages of one key keep the order of their events. */
  readonly key: string
  /** Milliseconds since 1970. */
  readonly timestamp: number
  /** Sent as JSON. */
  readonly value: object
}

/** Every output, by the name that its topic is declared with. */
export const outputs = {
  'data-records-aggregates': output<Notification>({
    categories: ['billing'],
    types: ['DataPlanExceeded', 'BillingPeriodClosed', 'BillingPeriodCorrected'],
    message: ({ data }) => ({ key: data.agreementId, timestamp: lastInstantOf(data), value: data }),
  }),
  'money-enriched-events': output<MoneyEnriched>({
    categories: ['enriched'],
    types: ['MoneyEnriched'],
    message: ({ data }) => ({
      key: data.money.userId,
      timestamp: parseTimestamp(data.money.processedAt),
      value: data,
    }),
  }),
  invoices: output<InvoiceEvent>({
    categories: ['invoice'],
    types: ['InvoiceIssued', 'InvoiceCorrected'],
    message: ({ type, data }) => ({
      key: data.customer,
      timestamp: lastInstantOfMonth(data.billingTimeZone, data.month),
      value: { ...data, type },
    }),
  }),
}

export type OutputName = keyof typeof outputs

interface Publishes<E extends Event> {
  readonly categories: readonly string[]
  readonly types: readonly E['type'][]
  readonly message: (event: RecordedEvent<E>) => OutputMessage
}

/** The types tell the events apart, so a message is only ever made of those that it is declared for. */
function output<E extends Event>({ categories, types, message }: Publishes<E>): Output {
  return { categories, types, message: (event) => message(event as RecordedEvent<E>) }
}

/** The last millisecond of the billing period. */
function lastInstantOf({ billingPeriodTimeZone, year, month }: Notification['data']): number {
  return lastInstantOfMonth(billingPeriodTimeZone, monthKey({ year, month }))
}

function lastInstantOfMonth(zone: string, key: string): number {
  const period = monthOf(zone, key)
  if (!period) throw new RangeError(`${key} is no month in ${zone}`)
  return period.end - 1
}
