import { agreementOf, type AgreementSigned } from '../domain/agreement.js'
import { addRecords } from '../domain/billing-period.js'
import { coverageAt, coveragesOf } from '../domain/coverage.js'
import { advance, reading, tick, type AllowedLatenessSet, type ClockAdvanced } from '../domain/data-record-clock.js'
import { dataRecordOf, type DataRecorded } from '../domain/data-record.js'
import type { RecordedEvent } from '../domain/event.js'
import { notify } from '../domain/notification.js'
import { monthAt } from '../domain/time-zone.js'
import {
  clockId,
  clockOf,
  coveragesFor,
  periodAt,
  periodId,
  putPeriod,
  recordKey,
  setClock,
  subscriberOf,
  timeKey,
  type RecordDocument,
  type Subscriber,
} from './data-plan-documents.js'
import { closed, closing } from './data-plan-closing.js'
import { takeOver } from './data-plan-takeover.js'
import type { Documents, Projection } from './projection.js'

/**
 * What each agreement used in each month: records are matched to agreements, summed by billing period, and
 * notifications raised, whatever order records and agreements arrive in (docs/semantics.md, Data plans).
 */
export const dataPlans: Projection = {
  name: 'data-plans',
  version: 1,
  categories: ['agreement', 'subscriber', 'clock', 'billing'],
  derives: ['DataPlanExceeded', 'BillingPeriodClosed', 'BillingPeriodCorrected'],
  collections: {
    agreements: {},
    subscribers: {},
    'billing-periods': { indexes: { open: ['openUntil'] } },
    'data-records': { indexes: { unmatched: ['unmatched'] } },
    clocks: {},
  },
  touches: [
    ({ data }, want) => {
      want('clocks', clockId)
      if ('msisdn' in data) want('subscribers', (data as DataRecorded['data']).msisdn)
    },
    ({ type, data }, want, documents) => {
      if (type !== 'DataRecorded') return
      const { msisdn, recordedAt } = dataRecordOf(data as DataRecorded['data'])
      const agreement = coverageAt(coveragesFor(subscriberOf(documents, msisdn)), recordedAt)?.agreement
      if (!agreement) return
      want('billing-periods', periodId(agreement.id, monthAt(agreement.billingPeriodTimeZone, recordedAt).key))
    },
  ],
  handlers: {
    DataRecorded: (event, documents) => recordData(event as RecordedEvent<DataRecorded>, documents),
    AgreementSigned: (event, documents) => signAgreement(event as RecordedEvent<AgreementSigned>, documents),
    ClockAdvanced: ({ data }, documents) => {
      setClock(documents, advance(clockOf(documents), Date.parse((data as ClockAdvanced['data']).to)))
    },
    AllowedLatenessSet: ({ data }, documents) => {
      setClock(documents, { allowedLateness: (data as AllowedLatenessSet['data']).milliseconds })
    },
  },
  debt: closing,
}

function recordData(event: RecordedEvent<DataRecorded>, documents: Documents): void | Promise<void> {
  const { msisdn, recordedAt } = dataRecordOf(event.data)
  const agreement = coverageAt(coveragesFor(subscriberOf(documents, msisdn)), recordedAt)?.agreement
  if (!agreement) return count(event, undefined, documents)
  const id = periodId(agreement.id, monthAt(agreement.billingPeriodTimeZone, recordedAt).key)
  if (documents.has('billing-periods', id)) return count(event, agreement, documents)
  // The agreement came in the same page as the record: its period could not be foreseen.
  return documents.load('billing-periods', [id]).then(() => count(event, agreement, documents))
}

function count(
  event: RecordedEvent<DataRecorded>,
  agreement: Subscriber['agreements'][number] | undefined,
  documents: Documents,
): void {
  const { msisdn, recordedAt, recordedBytes, externalRecordId } = dataRecordOf(event.data)
  const clock = clockOf(documents)
  documents.write('data-records', recordKey(msisdn, recordedAt, event.id), {
    externalRecordId,
    recordedBytes,
    unmatched: agreement ? undefined : timeKey(recordedAt),
  } satisfies RecordDocument)
  if (agreement) {
    const ended = reading(clock) >= monthAt(agreement.billingPeriodTimeZone, recordedAt).end
    const period = closed(periodAt(documents, agreement, recordedAt), ended, documents)
    const record = { internalRecordId: event.id, externalRecordId, recordedAt, recordedBytes }
    const counted = addRecords(period, [record], ended)
    putPeriod(documents, msisdn, notify(counted, period.totalRecordedBytes, ended, event))
  }
  const ticked = tick(clock, recordedAt)
  if (ticked !== clock) setClock(documents, { now: ticked.now })
}

async function signAgreement(event: RecordedEvent<AgreementSigned>, documents: Documents): Promise<void> {
  const agreement = agreementOf(event.data)
  const { agreements } = subscriberOf(documents, agreement.msisdn)
  if (agreements.some(({ id }) => id === agreement.id)) return
  const coverage = coveragesOf([...agreements, agreement]).find((one) => one.agreement === agreement)
  if (coverage) await takeOver(event, coverage, documents)
  const subscriber = subscriberOf(documents, agreement.msisdn)
  documents.put('subscribers', agreement.msisdn, { ...subscriber, agreements: [...agreements, agreement] })
  const { agreementId, ...terms } = event.data
  documents.put('agreements', agreementId, { id: agreementId, ...terms })
}
