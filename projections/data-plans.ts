import { agreementOf, type Agreement, type AgreementSigned } from '../domain/agreement.js'
import { addRecords } from '../domain/billing-period.js'
import { byPrecedence, coverageAt, coveragesOf } from '../domain/coverage.js'
import {
  advance,
  reading,
  setLateness,
  tick,
  type AllowedLatenessSet,
  type ClockAdvanced,
} from '../domain/data-record-clock.js'
import type { DataRecorded } from '../domain/data-record.js'
import type { RecordedEvent } from '../domain/event.js'
import { notify } from '../domain/notification.js'
import { monthAt, type Month } from '../domain/time-zone.js'
import { parseTimestamp } from '../domain/timestamp.js'
import { closed, closing } from './data-plan-closing.js'
import {
  clockId,
  clockOf,
  coveragesFor,
  periodId,
  periodOf,
  putPeriod,
  setClock,
  subscriberOf,
  type Subscriber,
} from './data-plan-documents.js'
import { takeOver } from './data-plan-takeover.js'
import type { Documents, Projection } from './projection.js'
import { addToPage, positionsAStretch, recordPageId, recordPages } from './record-pages.js'

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
    [recordPages]: { indexes: { unmatched: ['unmatched'] } },
    clocks: {},
  },
  watches: [['clocks', clockId]],
  passing: { collection: recordPages, positions: positionsAStretch },
  touches: [
    (event, want) => {
      if ('msisdn' in event.data) want('subscribers', (event.data as DataRecorded['data']).msisdn)
      if (event.type === 'DataRecorded') want(recordPages, recordPageId(event as RecordedEvent<DataRecorded>))
    },
    ({ type, data }, want, documents) => {
      const match = type === 'DataRecorded' && matchOf(data as DataRecorded['data'], documents)
      if (match) want('billing-periods', periodId(match.agreement, match.month))
    },
  ],
  handlers: {
    DataRecorded: (event, documents) => recordData(event as RecordedEvent<DataRecorded>, documents),
    AgreementSigned: (event, documents) => signAgreement(event as RecordedEvent<AgreementSigned>, documents),
    ClockAdvanced: ({ data }, documents) => {
      setClock(documents, advance(clockOf(documents), Date.parse((data as ClockAdvanced['data']).to)))
    },
    AllowedLatenessSet: ({ data }, documents) => {
      setClock(documents, setLateness(clockOf(documents), (data as AllowedLatenessSet['data']).milliseconds))
    },
  },
  debt: closing,
}

/** The agreement that covers a record, and the month of its billing period. */
interface Match {
  readonly agreement: Agreement
  readonly month: Month
}

function matchOf({ msisdn, recordedAt }: DataRecorded['data'], documents: Documents): Match | undefined {
  const instant = parseTimestamp(recordedAt)
  const agreement = coverageAt(coveragesFor(subscriberOf(documents, msisdn)), instant)?.agreement
  return agreement && { agreement, month: monthAt(agreement.billingPeriodTimeZone, instant) }
}

function recordData(event: RecordedEvent<DataRecorded>, documents: Documents): void | Promise<void> {
  const match = matchOf(event.data, documents)
  addToPage(event, match !== undefined, documents)
  if (!match) return tickClock(documents, event.data.recordedAt)
  const id = periodId(match.agreement, match.month)
  if (documents.has('billing-periods', id)) return countRecord(event, match, documents)
  // The agreement came in the same page as the record: its period could not be foreseen.
  return documents.load('billing-periods', [id]).then(() => countRecord(event, match, documents))
}

function countRecord(
  { id, data, metadata }: RecordedEvent<DataRecorded>,
  { agreement, month }: Match,
  documents: Documents,
): void {
  const { recordedAt, externalRecordId, recordedBytes } = data
  const ended = reading(clockOf(documents)) >= month.end
  const period = closed(periodOf(documents, agreement, month), ended, documents)
  const counted = addRecords(
    period,
    [{ internalRecordId: id, externalRecordId, recordedAt, recordedBytes }],
    ended,
  )
  putPeriod(documents, agreement, month, notify(counted, period.totalRecordedBytes, ended, { id, metadata }))
  tickClock(documents, recordedAt)
}

function tickClock(documents: Documents, recordedAt: string): void {
  const clock = clockOf(documents)
  const ticked = tick(clock, parseTimestamp(recordedAt))
  if (ticked !== clock) setClock(documents, ticked)
}

async function signAgreement(event: RecordedEvent<AgreementSigned>, documents: Documents): Promise<void> {
  const agreement = agreementOf(event.data)
  const { agreements } = subscriberOf(documents, agreement.msisdn)
  if (agreements.some(({ id }) => id === agreement.id)) return
  const all = [...agreements, agreement].sort(byPrecedence)
  const coverage = coveragesOf(all).find((one) => one.agreement === agreement)
  if (coverage) await takeOver(event, coverage, documents)
  const subscriber = subscriberOf(documents, agreement.msisdn)
  documents.put('subscribers', agreement.msisdn, { ...subscriber, agreements: all } satisfies Subscriber)
  const { agreementId, ...terms } = event.data
  documents.put('agreements', agreementId, { id: agreementId, ...terms })
}
