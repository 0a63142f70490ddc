import { causedBy, type Cause } from './cause.js'
import { monthKey, type BillingPeriod } from './billing-period.js'
import type { ByteTotal } from './bytes.js'
import type { Event, NewEvent } from './event.js'
import { uuidV5Namespace } from './uuid.js'

/** What a notification says, whatever its type: the period as it stood when the notification was raised. */
type Payload<Type extends string> = Pick<
  BillingPeriod,
  | 'agreementId'
  | 'year'
  | 'month'
  | 'latestRecordedAt'
  | 'latestInternalRecordId'
  | 'latestExternalRecordId'
  | 'totalRecordedBytes'
  | 'billingPeriodTimeZone'
  | 'maxBytesInBillingPeriod'
> & { readonly type: Type }

export type DataPlanExceeded = Event<'DataPlanExceeded', Payload<'DATA_PLAN_EXCEEDED'>>
export type BillingPeriodClosed = Event<'BillingPeriodClosed', Payload<'BILLING_PERIOD_CLOSED'>>
export type BillingPeriodCorrected = Event<
  'BillingPeriodCorrected',
  Payload<'BILLING_PERIOD_CORRECTED'> & { readonly previousTotalRecordedBytes: ByteTotal }
>
/** Events of the streams `billing-period-<agreementId>-<yyyy-MM>`. */
export type Notification = DataPlanExceeded | BillingPeriodClosed | BillingPeriodCorrected
export const notificationTypes = [
  'DATA_PLAN_EXCEEDED',
  'BILLING_PERIOD_CLOSED',
  'BILLING_PERIOD_CORRECTED',
] as const

/** A derived event and the revision it must take in its stream. */
export interface Raised {
  readonly event: NewEvent<Notification>
  readonly revision: number
}

export interface Notices {
  readonly period: BillingPeriod
  readonly raised: readonly Raised[]
}

const nothing: readonly Raised[] = []
const notificationId = uuidV5Namespace('8f6ad1c8-6d3c-5b0e-9a51-0a3f6a0c7b11')

/**
 * Raises what is due after records came or went: exceeded as soon as the limit is reached and before closed;
 * closed when the clock has reached the end; corrected for every change after that. Exceeded and closed are
 * raised once in a period's life, even where a correction takes the total below the limit and up again
 * (docs/semantics.md, Notifications).
 *
 * @param previousTotal the total before the change
 * @param ended the data-record clock has reached the period's end
 */
export function notify(
  period: BillingPeriod,
  previousTotal: ByteTotal,
  ended: boolean,
  cause: Cause,
): Notices {
  const { exceeded, closed } = period.notified
  let notices: Notices = { period, raised: nothing }
  if (!exceeded && period.recordCount > 0 && period.exceeded)
    notices = raise(notices, 'DataPlanExceeded', cause)
  if (closed) {
    const previous = { previousTotalRecordedBytes: previousTotal }
    notices = raise(notices, 'BillingPeriodCorrected', cause, previous)
  } else if (ended) notices = raise(notices, 'BillingPeriodClosed', cause)
  return notices
}

/** Closes a period whose end the clock has reached. */
export function close(period: BillingPeriod): Notices {
  return raise({ period: { ...period, revision: period.revision + 1 }, raised: [] }, 'BillingPeriodClosed')
}

export function billingPeriodStream(agreementId: string, month: string): string {
  return `billing-period-${agreementId}-${month}`
}

const wireType = {
  DataPlanExceeded: 'DATA_PLAN_EXCEEDED',
  BillingPeriodClosed: 'BILLING_PERIOD_CLOSED',
  BillingPeriodCorrected: 'BILLING_PERIOD_CORRECTED',
} as const

function raise(
  { period, raised }: Notices,
  type: Notification['type'],
  cause?: Cause,
  previous: { previousTotalRecordedBytes?: ByteTotal } = {},
): Notices {
  const { exceeded, closed, corrections } = period.notified
  const stream = billingPeriodStream(period.agreementId, monthKey(period))
  const corrects = type === 'BillingPeriodCorrected'
  const event = {
    id: notificationId(corrects ? `${stream}/${type}/${cause?.id}` : `${stream}/${type}`),
    stream,
    type,
    data: { ...payload(period), type: wireType[type], ...previous } as Notification['data'],
    metadata: causedBy(cause),
  }
  const notified = {
    exceeded: exceeded || type === 'DataPlanExceeded',
    closed: closed || type === 'BillingPeriodClosed',
    corrections: corrections + Number(corrects),
  }
  return {
    period: notified.closed
      ? { ...period, notified, status: 'closed', openUntil: undefined }
      : { ...period, notified },
    raised: [...raised, { event, revision: Number(exceeded) + Number(closed) + corrections }],
  }
}

function payload(period: BillingPeriod) {
  return {
    agreementId: period.agreementId,
    year: period.year,
    month: period.month,
    latestRecordedAt: period.latestRecordedAt,
    latestInternalRecordId: period.latestInternalRecordId,
    latestExternalRecordId: period.latestExternalRecordId,
    totalRecordedBytes: period.totalRecordedBytes,
    billingPeriodTimeZone: period.billingPeriodTimeZone,
    maxBytesInBillingPeriod: period.maxBytesInBillingPeriod,
  }
}
