import type { Event, Metadata, NewEvent } from './event.js'
import { formatTimestamp, parseTimestamp } from './timestamp.js'
import { uuidV5Namespace } from './uuid.js'

/** An agreement that has been checked. Times are milliseconds since 1970. */
export interface Agreement {
  readonly id: string
  readonly msisdn: string
  readonly signedAt: number
  readonly serviceStartAt: number
  readonly billingPeriodTimeZone: string
  readonly maxBytesInBillingPeriod: number
}

/** A subscriber has agreed to a data plan. Times are ISO 8601 in UTC. */
export type AgreementSigned = Event<
  'AgreementSigned',
  {
    readonly agreementId: string
    readonly msisdn: string
    readonly signedAt: string
    readonly serviceStartAt: string
    readonly billingPeriodTimeZone: string
    readonly maxBytesInBillingPeriod: number
  }
>

/** The fact for the log. An agreement is signed once, so its event's id depends on its own id alone. */
export function agreementSigned(agreement: Agreement, metadata: Metadata): NewEvent<AgreementSigned> {
  return {
    id: eventId(agreement.id),
    stream: `agreement-${agreement.id}`,
    type: 'AgreementSigned',
    data: {
      agreementId: agreement.id,
      msisdn: agreement.msisdn,
      signedAt: formatTimestamp(agreement.signedAt),
      serviceStartAt: formatTimestamp(agreement.serviceStartAt),
      billingPeriodTimeZone: agreement.billingPeriodTimeZone,
      maxBytesInBillingPeriod: agreement.maxBytesInBillingPeriod,
    },
    metadata,
  }
}

/** The agreement that an event tells of. */
export function agreementOf(data: AgreementSigned['data']): Agreement {
  return {
    id: data.agreementId,
    msisdn: data.msisdn,
    signedAt: parseTimestamp(data.signedAt),
    serviceStartAt: parseTimestamp(data.serviceStartAt),
    billingPeriodTimeZone: data.billingPeriodTimeZone,
    maxBytesInBillingPeriod: data.maxBytesInBillingPeriod,
  }
}

/** The namespace of agreements' event ids. Changing it would let every agreement into the log a second time. */
const eventId = uuidV5Namespace('2f607994-152a-4bf5-b902-b2be7659cbee')
